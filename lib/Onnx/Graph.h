//===- Graph.h - graph clean-up on the protobuf level -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ONNX_GRAPH_H
#define TILEWRIGHT_LIB_ONNX_GRAPH_H

#include "onnx/onnx.pb.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// Replaces every call of a model-local function by the function's nodes, values renamed
/// `call/value`, attribute references replaced by the call's attributes or the function's defaults.
/// Functions may call functions; recursion is an error, and so are more nodes than any model has.
llvm::Error inlineFunctions(onnx::ModelProto &model);

/// Puts the nodes of a graph in topological order (stable). A value that is read but never made, or
/// a cycle, is an error that names the node. `known` are the values visible from outside.
llvm::Error sortNodes(onnx::GraphProto &graph, const std::set<std::string> &known);

/// Name of a node for messages: its own, or what it makes.
std::string nodeName(const onnx::NodeProto &node);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ONNX_GRAPH_H
