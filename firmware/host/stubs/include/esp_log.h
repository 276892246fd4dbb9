#pragma once
#define ESP_LOGW(tag, format, ...) ((void)(tag), (void)(format), (void)(__VA_ARGS__))
