#pragma once
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/** The files of protocol/vectors. FAIRLEAD_VECTORS_DIR comes from CMake. */
struct VectorFile {
  std::string name;
  std::string kind;
  nlohmann::json cases;
};

inline std::vector<VectorFile> vector_files() {
  std::vector<VectorFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(FAIRLEAD_VECTORS_DIR)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream stream(entry.path());
    const nlohmann::json file = nlohmann::json::parse(stream);
    files.push_back({entry.path().filename().string(), file.at("kind"), file.at("cases")});
  }
  return files;
}

/** The cases of every file of that kind. */
inline std::vector<nlohmann::json> vector_cases(const std::string& kind) {
  std::vector<nlohmann::json> cases;
  for (const VectorFile& file : vector_files()) {
    if (file.kind == kind) cases.insert(cases.end(), file.cases.begin(), file.cases.end());
  }
  return cases;
}
