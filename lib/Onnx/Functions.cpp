//===- Functions.cpp - inlining of model-local functions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/Graph.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "llvm/ADT/StringMap.h"

namespace tilewright {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// Functions that call functions can double at each level: no model has so many nodes.
constexpr int kMaxNodes = 1 << 18;

std::string key(const std::string &domain, const std::string &name) {
  return (domain == "ai.onnx" ? "" : domain) + "::" + name;
}

struct Function {
  const onnx::FunctionProto *proto;
  std::vector<onnx::AttributeProto> defaults; ///< of attributes that a call may leave out
};

// Fields attribute_proto of a function, read from its bytes: schemas before ONNX 1.13 do not know
// them.
std::vector<onnx::AttributeProto> defaultsOf(const onnx::FunctionProto &function) {
  using google::protobuf::internal::WireFormatLite;
  constexpr uint32_t wanted = 11 << 3 | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
  std::string bytes = function.SerializePartialAsString();
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t *>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  std::vector<onnx::AttributeProto> defaults;
  while (uint32_t tag = in.ReadTag()) {
    std::string field;
    uint32_t length;
    if (tag != wanted) {
      if (!WireFormatLite::SkipField(&in, tag))
        break;
    } else if (in.ReadVarint32(&length) && in.ReadString(&field, static_cast<int>(length))) {
      defaults.emplace_back().ParsePartialFromString(field);
    }
  }
  return defaults;
}

class Inliner {
public:
  explicit Inliner(onnx::ModelProto &model) {
    for (const auto &function : model.functions())
      functions[key(function.domain(), function.name())] = {&function, defaultsOf(function)};
  }

  llvm::Error run(Nodes &nodes) {
    Nodes result;
    for (auto &node : nodes)
      if (llvm::Error error = append(std::move(node), result))
        return error;
    nodes = std::move(result);
    return llvm::Error::success();
  }

private:
  llvm::Error append(onnx::NodeProto node, Nodes &out) {
    for (auto &attribute : *node.mutable_attribute())
      if (attribute.has_g())
        if (llvm::Error error = run(*attribute.mutable_g()->mutable_node()))
          return error;
    auto found = functions.find(key(node.domain(), node.op_type()));
    if (found == functions.end()) {
      if (++appended > kMaxNodes)
        return llvm::createStringError("node '%s': functions expand to more than %d nodes",
                                       nodeName(node).c_str(), kMaxNodes);
      *out.Add() = std::move(node);
      return llvm::Error::success();
    }
    const Function &function = found->second;
    if (llvm::is_contained(active, &function))
      return llvm::createStringError("node '%s': function '%s' calls itself",
                                     nodeName(node).c_str(), function.proto->name().c_str());
    active.push_back(&function);
    llvm::Error error = expand(node, function, out);
    active.pop_back();
    return error;
  }

  llvm::Error expand(const onnx::NodeProto &call, const Function &callee, Nodes &out) {
    const onnx::FunctionProto &function = *callee.proto;
    if (call.input_size() > function.input_size() || call.output_size() > function.output_size())
      return llvm::createStringError(
          "node '%s': function '%s' takes %d inputs and gives %d outputs, the call has %d and %d",
          nodeName(call).c_str(), function.name().c_str(), function.input_size(),
          function.output_size(), call.input_size(), call.output_size());
    llvm::StringMap<std::string> names;
    for (int i = 0; i < function.input_size(); ++i)
      names[function.input(i)] = i < call.input_size() ? call.input(i) : "";
    for (int i = 0; i < call.output_size(); ++i)
      if (!call.output(i).empty())
        names[function.output(i)] = call.output(i);
    std::string prefix = nodeName(call) + "/";
    onnx::NodeProto complete = call;
    for (const onnx::AttributeProto &attribute : callee.defaults)
      if (llvm::none_of(call.attribute(),
                        [&](const auto &given) { return given.name() == attribute.name(); }))
        *complete.add_attribute() = attribute;
    for (const onnx::NodeProto &inner : function.node()) {
      onnx::NodeProto node = inner;
      rename(node, names, prefix);
      bindAttributes(node, complete);
      node.set_name(prefix + nodeName(inner));
      if (llvm::Error error = append(std::move(node), out))
        return error;
    }
    return llvm::Error::success();
  }

  // Values of the body get the call's names where they are its operands, else unique ones.
  static void rename(onnx::NodeProto &node, llvm::StringMap<std::string> &names,
                     const std::string &prefix) {
    auto fresh = [&](std::string &name) {
      if (!name.empty())
        name = names.try_emplace(name, prefix + name).first->second;
    };
    for (auto &input : *node.mutable_input())
      fresh(input);
    for (auto &output : *node.mutable_output())
      fresh(output);
    for (auto &attribute : *node.mutable_attribute())
      if (attribute.has_g()) {
        onnx::GraphProto &graph = *attribute.mutable_g();
        for (auto &input : *graph.mutable_input())
          fresh(*input.mutable_name());
        for (auto &tensor : *graph.mutable_initializer())
          fresh(*tensor.mutable_name());
        for (auto &inner : *graph.mutable_node())
          rename(inner, names, prefix);
        for (auto &output : *graph.mutable_output())
          fresh(*output.mutable_name());
      }
  }

  // An attribute that refers to one of the call's takes its value, or vanishes when the call leaves
  // it out.
  static void bindAttributes(onnx::NodeProto &node, const onnx::NodeProto &call) {
    google::protobuf::RepeatedPtrField<onnx::AttributeProto> bound;
    for (auto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        for (auto &inner : *attribute.mutable_g()->mutable_node())
          bindAttributes(inner, call);
      if (attribute.ref_attr_name().empty()) {
        *bound.Add() = attribute;
        continue;
      }
      for (const auto &given : call.attribute())
        if (given.name() == attribute.ref_attr_name()) {
          onnx::AttributeProto value = given;
          value.set_name(attribute.name());
          *bound.Add() = value;
        }
    }
    *node.mutable_attribute() = std::move(bound);
  }

  llvm::StringMap<Function> functions;
  std::vector<const Function *> active;
  int appended = 0;
};

} // namespace

llvm::Error inlineFunctions(onnx::ModelProto &model) {
  if (model.functions_size() == 0)
    return llvm::Error::success();
  return Inliner(model).run(*model.mutable_graph()->mutable_node());
}

std::string nodeName(const onnx::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const auto &output : node.output())
    if (!output.empty())
      return node.op_type() + "(" + output + ")";
  return node.op_type();
}

} // namespace tilewright
