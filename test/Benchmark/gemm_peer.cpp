//===- gemm_peer.cpp - a matrix product by oneDNN or OpenBLAS --------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// gemm_peer onednn|openblas WEIGHT.bin K N: a peer of bench-model (the protocol is in
// lib/Artefact/Peer.h) that computes y[m, n] = a[m, k] w[k, n] in f32. oneDNN packs the weight
// once, as an inference engine does; OpenBLAS packs in each call, there is no other way.
//
//===----------------------------------------------------------------------===//
#include <cblas.h>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <dnnl.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <omp.h>
#include <stdexcept>
#include <vector>

using json = nlohmann::json;

namespace {

std::vector<float> readFloats(const std::string &path, size_t count) {
  std::vector<float> values(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char *>(values.data()), static_cast<std::streamsize>(count * 4));
  if (!file)
    throw std::runtime_error("expects " + std::to_string(count * 4) + " bytes in '" + path + "'");
  return values;
}

class Product {
public:
  Product(std::string library, const std::string &weight, int64_t k, int64_t n)
      : library(std::move(library)), k(k), n(n), w(readFloats(weight, static_cast<size_t>(k * n))) {
  }

  json open(const json &request) {
    m = request["inputs"][0]["dims"][0];
    a = readFloats(request["inputs"][0]["file"], static_cast<size_t>(m * k));
    y.resize(static_cast<size_t>(m * n));
    int threads = request["threads"];
    omp_set_num_threads(threads);
    openblas_set_num_threads(threads);
    if (library == "openblas") {
      compute = [this] {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(m),
                    static_cast<int>(n), static_cast<int>(k), 1, a.data(), static_cast<int>(k),
                    w.data(), static_cast<int>(n), 0, y.data(), static_cast<int>(n));
      };
      return {{"version", OPENBLAS_VERSION}};
    }
    openOneDnn();
    const dnnl_version_t *v = dnnl_version();
    return {{"version", std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
                            std::to_string(v->patch)}};
  }

  json run(int64_t runs) {
    std::vector<int64_t> times;
    timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (int64_t i = 0; i < runs; ++i) {
      auto start = std::chrono::steady_clock::now();
      compute();
      times.push_back((std::chrono::steady_clock::now() - start) / std::chrono::nanoseconds(1));
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return {{"nanoseconds", times},
            {"cpu_nanoseconds", (after.tv_sec - before.tv_sec) * int64_t(1000000000) +
                                    after.tv_nsec - before.tv_nsec}};
  }

  json outputs(const std::string &directory) const {
    std::string path = directory + "/product.bin";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(y.data()),
               static_cast<std::streamsize>(y.size() * 4));
    return {{"outputs", {{{"name", "y"}, {"type", "float32"}, {"dims", {m, n}}, {"file", path}}}}};
  }

private:
  void openOneDnn() {
    using namespace dnnl;
    using Tag = memory::format_tag;
    auto type = memory::data_type::f32;
    engine cpu(engine::kind::cpu, 0);
    memory::desc aDesc({m, k}, type, Tag::ab), yDesc({m, n}, type, Tag::ab);
    matmul::desc desc(aDesc, memory::desc({k, n}, type, Tag::any), yDesc);
    matmul::primitive_desc primitive(desc, cpu);
    stream queue(cpu);
    memory plain(memory::desc({k, n}, type, Tag::ab), cpu, w.data()),
        packed(primitive.weights_desc(), cpu);
    reorder(plain, packed).execute(queue, plain, packed);
    queue.wait();
    matmul product(primitive);
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(aDesc, cpu, a.data())},
                                              {DNNL_ARG_WEIGHTS, packed},
                                              {DNNL_ARG_DST, memory(yDesc, cpu, y.data())}};
    compute = [=]() mutable {
      product.execute(queue, arguments);
      queue.wait();
    };
  }

  std::string library;
  int64_t m = 0, k, n;
  std::vector<float> w, a, y;
  std::function<void()> compute;
};

} // namespace

int main(int argc, char **argv) try {
  if (argc != 5)
    throw std::runtime_error("usage: gemm_peer onednn|openblas WEIGHT.bin K N");
  Product product(argv[1], argv[2], std::stoll(argv[3]), std::stoll(argv[4]));
  for (std::string line; std::getline(std::cin, line);) {
    json request = json::parse(line), answer;
    try {
      answer = request.contains("inputs") ? product.open(request)
               : request.contains("runs") ? product.run(request["runs"])
                                          : product.outputs(request["outputs"]);
    } catch (const std::exception &error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
  return 0;
} catch (const std::exception &error) {
  std::cout << json{{"error", error.what()}}.dump() << std::endl;
  return 2;
}
