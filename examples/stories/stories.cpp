//===- stories.cpp - greedy text generation with a KV cache -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// usage: stories TOKENIZER.json [TOKENS] [PROMPT]     prints the text, and tokens per second on
// stderr
//
// The three spellings of the model (basic operators, ai.onnx 24, com.microsoft) differ in their
// inputs only; tensors are found by name, so one program serves all. The cache is the model's own:
// `present.L.key` of one run is `past_key_values.L.key` of the next.
#include "stories_model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int64_t maxPositions = 512; // length of the model's rotary table

// SentencePiece's byte-pair vocabulary as tokenizer.json lists it: index = id.
class Tokenizer {
public:
  explicit Tokenizer(const char *path) {
    std::ifstream file(path);
    if (!file)
      throw std::runtime_error(std::string(path) + ": cannot be read");
    auto json = nlohmann::json::parse(file);
    tokens = json.at("tokens").get<std::vector<std::string>>();
    scores = json.at("scores").get<std::vector<float>>();
    for (size_t id = 0; id < tokens.size(); ++id)
      ids.emplace(tokens[id], id);
  }

  // Begin token, then the text's characters joined pair by pair, best score first.
  std::vector<int64_t> encode(const std::string &text) const {
    std::vector<int64_t> result{1};
    if (text.empty())
      return result;
    for (const std::string &character : characters(" " + text)) {
      auto known = ids.find(character);
      if (known != ids.end())
        result.push_back(known->second);
      else
        for (unsigned char byte : character)
          result.push_back(3 + byte);
    }
    for (;;) {
      size_t best = 0;
      int64_t joined = -1;
      for (size_t i = 1; i + 1 < result.size(); ++i) {
        auto pair = ids.find(tokens[result[i]] + tokens[result[i + 1]]);
        if (pair != ids.end() && (joined < 0 || scores[pair->second] > scores[joined])) {
          best = i;
          joined = pair->second;
        }
      }
      if (joined < 0)
        return result;
      result[best] = joined;
      result.erase(result.begin() + best + 1);
    }
  }

  std::string decode(int64_t id) const {
    if (id < 3)
      return "";
    if (id < 259)
      return std::string(1, static_cast<char>(id - 3));
    std::string text = tokens.at(id);
    for (size_t at; (at = text.find(space)) != std::string::npos;)
      text.replace(at, sizeof(space) - 1, " ");
    return text;
  }

private:
  static constexpr char space[] = "\u2581";

  static std::vector<std::string> characters(const std::string &text) {
    std::vector<std::string> result;
    for (unsigned char byte : text) {
      if (byte == ' ')
        result.emplace_back(space);
      else if ((byte & 0xC0) == 0x80 && !result.empty()) // continuation of a UTF-8 character
        result.back() += static_cast<char>(byte);
      else
        result.emplace_back(1, static_cast<char>(byte));
    }
    return result;
  }

  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::map<std::string, int64_t> ids;
};

// A tensor with its own memory, as large as the model allows.
struct Tensor {
  std::vector<char> bytes;
  std::vector<int64_t> shape;

  DLTensor view(const tw_tensor_info &info) {
    DLTensor tensor{};
    tensor.data = bytes.data();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = info.rank;
    tensor.dtype = info.dtype;
    tensor.shape = shape.data();
    return tensor;
  }
  template <class T>
  T *as() {
    return reinterpret_cast<T *>(bytes.data());
  }
};

class Generator {
public:
  Generator() : model(tw_stories_model_model()) {
    tw_error error;
    tw_options options{};
    options.threads =
        1; // a 260 thousand parameter model is faster than any hand-over between threads
    if (tw_create(model, &options, &instance, &error) != TW_OK)
      throw std::runtime_error(error.message);
    for (int32_t i = 0; i < model->num_inputs; ++i)
      allocate(model->inputs[i], inputs[model->inputs[i].name]);
    for (int32_t i = 0; i < model->num_outputs; ++i)
      allocate(model->outputs[i], outputs[model->outputs[i].name]);
  }
  ~Generator() { tw_destroy(instance); }

  // How many more tokens the model can see.
  int64_t room() const { return maxPositions - past; }

  // Runs the model on tokens that follow what it has seen, at most room() of them, and returns the
  // most probable next one.
  int64_t step(const std::vector<int64_t> &tokens) {
    int64_t count = tokens.size();
    setInputs(tokens, count);
    std::vector<DLTensor> in, out;
    for (int32_t i = 0; i < model->num_inputs; ++i)
      in.push_back(inputs[model->inputs[i].name].view(model->inputs[i]));
    check(
        [&](tw_error *error) { return tw_symbols(model, in.data(), in.size(), symbols(), error); });
    check([&](tw_error *error) { return tw_reserve(instance, symbols(), error); });
    std::vector<int64_t> dims(model->num_output_dims);
    check([&](tw_error *error) { return tw_output_shapes(model, symbols(), dims.data(), error); });
    for (int32_t i = 0; i < model->num_outputs; ++i) {
      const tw_tensor_info &info = model->outputs[i];
      Tensor &tensor = outputs[info.name];
      std::copy_n(dims.begin() + info.first_dim, info.rank, tensor.shape.begin());
      out.push_back(tensor.view(info));
    }
    check([&](tw_error *error) {
      return tw_run(instance, in.data(), in.size(), out.data(), out.size(), error);
    });
    past += count;
    keepCache();
    Tensor &logits = outputs.at("logits");
    int64_t vocabulary = logits.shape[2];
    float *last = logits.as<float>() + (count - 1) * vocabulary;
    return std::max_element(last, last + vocabulary) - last;
  }

private:
  void allocate(const tw_tensor_info &info, Tensor &tensor) {
    int64_t elements = 1;
    for (int32_t i = 0; i < info.rank; ++i) {
      tensor.shape.push_back(info.dims[i].size < 0 ? 1 : info.dims[i].size);
      elements *=
          info.dims[i].size < 0 ? (i == 0 ? 1 : maxPositions) : info.dims[i].size; // batch is 1
    }
    tensor.bytes.resize(elements * info.dtype.bits / 8);
  }

  void setInputs(const std::vector<int64_t> &tokens, int64_t count) {
    for (auto &[name, tensor] : inputs) {
      if (name == "input_ids") {
        tensor.shape = {1, count};
        std::copy(tokens.begin(), tokens.end(), tensor.as<int64_t>());
      } else if (name == "position_ids") {
        tensor.shape = {1, count};
        for (int64_t i = 0; i < count; ++i)
          tensor.as<int64_t>()[i] = past + i;
      } else if (name == "seqlens_k") {
        *tensor.as<int32_t>() = past + count - 1;
      } else if (name == "total_sequence_length") {
        *tensor.as<int32_t>() = past + count;
      } else { // a cache: [1, heads, past, size]
        tensor.shape[2] = past;
      }
    }
  }

  void keepCache() {
    for (auto &[name, tensor] : outputs)
      if (name.starts_with("present."))
        std::swap(tensor.bytes, inputs.at("past_key_values." + name.substr(8)).bytes);
  }

  template <class Call>
  void check(Call call) {
    tw_error error;
    if (call(&error) != TW_OK)
      throw std::runtime_error(error.message);
  }
  int64_t *symbols() {
    sizes.resize(model->num_symbols);
    return sizes.data();
  }

  const tw_model *model;
  tw_instance *instance = nullptr;
  std::map<std::string, Tensor> inputs, outputs;
  std::vector<int64_t> sizes;
  int64_t past = 0;
};

int generate(int argc, char **argv) {
  if (argc < 2) {
    std::cerr << "usage: stories TOKENIZER.json [TOKENS] [PROMPT]\n";
    return 2;
  }
  Tokenizer tokenizer(argv[1]);
  int64_t limit = argc > 2 ? std::atoll(argv[2]) : 256;
  std::vector<int64_t> next = tokenizer.encode(argc > 3 ? argv[3] : "");
  std::string text;
  for (size_t i = 1; i < next.size(); ++i)
    text += tokenizer.decode(next[i]);
  Generator generator;
  if (static_cast<int64_t>(next.size()) > generator.room())
    throw std::runtime_error("a prompt of " + std::to_string(next.size()) +
                             " tokens, the model sees " + std::to_string(generator.room()));
  int64_t made = 0;
  auto start = std::chrono::steady_clock::now();
  while (made < limit && generator.room() > 0) {
    int64_t token = generator.step(next);
    ++made;
    if (token == 1 || token == 2) // begin or end of a text
      break;
    text += tokenizer.decode(token);
    next = {token};
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::cout << (text.starts_with(" ") ? text.substr(1) : text) << "\n";
  std::fprintf(stderr, "%lld tokens, %.0f tokens/s\n", static_cast<long long>(made),
               made / seconds);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return generate(argc, argv);
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
    return 2;
  }
}
