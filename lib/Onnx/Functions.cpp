//===- Functions.cpp - inlining of model-local functions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/Graph.h"

#include "llvm/ADT/StringMap.h"

namespace tilewright {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

std::string key(const std::string &domain, const std::string &name) {
  return (domain == "ai.onnx" ? "" : domain) + "::" + name;
}

class Inliner {
public:
  explicit Inliner(onnx::ModelProto &model) {
    for (const auto &function : model.functions())
      functions[key(function.domain(), function.name())] = &function;
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
      *out.Add() = std::move(node);
      return llvm::Error::success();
    }
    const onnx::FunctionProto &function = *found->second;
    if (llvm::is_contained(active, &function))
      return llvm::createStringError("node '%s': function '%s' calls itself",
                                     nodeName(node).c_str(), function.name().c_str());
    active.push_back(&function);
    llvm::Error error = expand(node, function, out);
    active.pop_back();
    return error;
  }

  llvm::Error expand(const onnx::NodeProto &call, const onnx::FunctionProto &function, Nodes &out) {
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
    for (const onnx::NodeProto &inner : function.node()) {
      onnx::NodeProto node = inner;
      rename(node, names, prefix);
      bindAttributes(node, call);
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
        for (auto &inner : *attribute.mutable_g()->mutable_node())
          rename(inner, names, prefix);
        for (auto &output : *attribute.mutable_g()->mutable_output())
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

  llvm::StringMap<const onnx::FunctionProto *> functions;
  std::vector<const onnx::FunctionProto *> active;
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
