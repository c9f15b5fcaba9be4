//===- SortNodes.cpp - topological order -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Onnx/Graph.h"

#include <map>
#include <queue>

namespace tilewright {

// Names a node reads, those of its sub-graphs from outside included.
static void collectReads(const onnx::NodeProto &node, std::set<std::string> &reads) {
  for (const auto &input : node.input())
    if (!input.empty())
      reads.insert(input);
  for (const auto &attribute : node.attribute()) {
    if (!attribute.has_g())
      continue;
    std::set<std::string> inner;
    for (const auto &child : attribute.g().node())
      collectReads(child, inner);
    for (const auto &output : attribute.g().output())
      inner.insert(output.name());
    for (const auto &child : attribute.g().node())
      for (const auto &output : child.output())
        inner.erase(output);
    for (const auto &input : attribute.g().input())
      inner.erase(input.name());
    for (const auto &tensor : attribute.g().initializer())
      inner.erase(tensor.name());
    reads.insert(inner.begin(), inner.end());
  }
}

llvm::Error sortNodes(onnx::GraphProto &graph, const std::set<std::string> &known) {
  std::map<std::string, int> maker;
  for (int i = 0; i < graph.node_size(); ++i)
    for (const auto &output : graph.node(i).output())
      if (!output.empty() && !maker.emplace(output, i).second)
        return llvm::createStringError("node '%s': value '%s' is made twice",
                                       nodeName(graph.node(i)).c_str(), output.c_str());
  std::vector<int> waiting(graph.node_size(), 0);
  std::vector<std::vector<int>> readers(graph.node_size());
  for (int i = 0; i < graph.node_size(); ++i) {
    std::set<std::string> reads;
    collectReads(graph.node(i), reads);
    for (const auto &name : reads) {
      auto made = maker.find(name);
      if (made != maker.end()) {
        readers[made->second].push_back(i);
        ++waiting[i];
      } else if (!known.count(name)) {
        return llvm::createStringError(
            "node '%s': input '%s' is made by no node, input or initialiser",
            nodeName(graph.node(i)).c_str(), name.c_str());
      }
    }
  }
  // The file's own order wherever it is one.
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < graph.node_size(); ++i)
    if (waiting[i] == 0)
      ready.push(i);
  google::protobuf::RepeatedPtrField<onnx::NodeProto> sorted;
  while (!ready.empty()) {
    int i = ready.top();
    ready.pop();
    *sorted.Add() = graph.node(i);
    for (int reader : readers[i])
      if (--waiting[reader] == 0)
        ready.push(reader);
  }
  for (int i = 0; i < graph.node_size(); ++i)
    if (waiting[i] != 0)
      return llvm::createStringError("node '%s': is part of a cycle",
                                     nodeName(graph.node(i)).c_str());
  *graph.mutable_node() = std::move(sorted);
  return llvm::Error::success();
}

} // namespace tilewright
