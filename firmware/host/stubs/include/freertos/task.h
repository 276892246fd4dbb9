#pragma once
#include "FreeRTOS.h"
typedef struct tskTaskControlBlock* TaskHandle_t;
typedef void (*TaskFunction_t)(void*);
extern "C" {
TaskHandle_t xTaskCreateStaticPinnedToCore(TaskFunction_t code, const char* name, uint32_t stack_bytes, void* parameter,
                                           UBaseType_t priority, StackType_t* stack, StaticTask_t* task, BaseType_t core);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);
void vTaskDelay(TickType_t ticks);
}
