//===- Order.cpp - in which order lanes that diverged run -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Order.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {

struct Graph {
  std::vector<uint32_t> begins; // first statement of each block
  std::vector<SmallVector<uint32_t, 2>> successors, predecessors;
  std::vector<BitVector> loops; // blocks of each natural loop
  std::vector<uint32_t> postOrder;
};

StringRef mnemonic(const Statement &statement) {
  return StringRef(statement.opcode).split('.').first;
}

/// Labels that a statement may jump to.
SmallVector<StringRef, 2> targets(const Function &function, const Statement &statement) {
  SmallVector<StringRef, 2> result;
  if (mnemonic(statement) == "bra" && !statement.operands.empty())
    result.push_back(statement.operands[0].name);
  if (mnemonic(statement) == "brx" && statement.operands.size() == 2)
    if (auto table = function.branchTargets.find(statement.operands[1].name);
        table != function.branchTargets.end())
      append_range(result, table->second);
  return result;
}

bool fallsThrough(const Statement &statement) {
  return statement.guard.kind != Operand::Sink ||
         !is_contained({"bra", "brx", "ret", "exit", "trap"}, mnemonic(statement));
}

Graph buildGraph(const Function &function) {
  BitVector leads(function.body.size() + 1);
  leads.set(0);
  for (const auto &label : function.labels)
    leads.set(label.second);
  for (auto [i, statement] : enumerate(function.body))
    if (!targets(function, statement).empty() || !fallsThrough(statement))
      leads.set(static_cast<unsigned>(i + 1));
  Graph graph;
  std::vector<uint32_t> blockOf(function.body.size());
  for (uint32_t i = 0; i < function.body.size(); ++i) {
    if (leads.test(i))
      graph.begins.push_back(i);
    blockOf[i] = static_cast<uint32_t>(graph.begins.size() - 1);
  }
  size_t count = graph.begins.size();
  graph.successors.resize(count);
  graph.predecessors.resize(count);
  for (uint32_t block = 0; block < count; ++block) {
    uint32_t end =
        block + 1 < count ? graph.begins[block + 1] : static_cast<uint32_t>(function.body.size());
    const Statement &last = function.body[end - 1];
    auto connect = [&](uint32_t position) {
      if (position >= function.body.size())
        return;
      graph.successors[block].push_back(blockOf[position]);
      graph.predecessors[blockOf[position]].push_back(block);
    };
    if (fallsThrough(last))
      connect(end);
    for (StringRef label : targets(function, last))
      if (auto found = function.labels.find(label); found != function.labels.end())
        connect(found->second);
  }
  return graph;
}

/// Depth-first, without recursion; calls back(from, to) for edges to a block on the current path.
template <class Back>
void depthFirst(Graph &graph, Back back) {
  enum : uint8_t { New, Open, Done };
  std::vector<uint8_t> state(graph.begins.size(), New);
  SmallVector<std::pair<uint32_t, size_t>> path;
  graph.postOrder.clear();
  if (graph.begins.empty())
    return;
  path.push_back({0, 0});
  state[0] = Open;
  while (!path.empty()) {
    auto &[block, next] = path.back();
    if (next == graph.successors[block].size()) {
      state[block] = Done;
      graph.postOrder.push_back(block);
      path.pop_back();
      continue;
    }
    uint32_t successor = graph.successors[block][next++];
    if (state[successor] == Open)
      back(block, successor);
    if (state[successor] != New)
      continue;
    state[successor] = Open;
    path.push_back({successor, 0});
  }
}

/// The blocks that reach `last` without passing `header`.
BitVector naturalLoop(const Graph &graph, uint32_t last, uint32_t header) {
  BitVector inside(static_cast<unsigned>(graph.begins.size()));
  inside.set(header);
  SmallVector<uint32_t> open = {last};
  while (!open.empty()) {
    uint32_t block = open.pop_back_val();
    if (inside.test(block))
      continue;
    inside.set(block);
    append_range(open, graph.predecessors[block]);
  }
  return inside;
}

} // namespace

std::vector<uint32_t> tilewright::ptx::rankStatements(const Function &function) {
  Graph graph = buildGraph(function);
  depthFirst(graph, [&](uint32_t from, uint32_t to) {
    graph.loops.push_back(naturalLoop(graph, from, to));
  });
  // Visiting first what leaves most loops puts it last.
  for (uint32_t block = 0; block < graph.begins.size(); ++block)
    sort(graph.successors[block], [&](uint32_t a, uint32_t b) {
      auto shared = [&](uint32_t other) {
        return count_if(graph.loops, [&](const BitVector &loop) {
          return loop.test(block) && loop.test(other);
        });
      };
      return shared(a) < shared(b);
    });
  depthFirst(graph, [](uint32_t, uint32_t) {});
  std::vector<uint32_t> ranks(function.body.size(), 0);
  uint32_t rank = 0;
  for (uint32_t block : reverse(graph.postOrder)) {
    uint32_t end = block + 1 < graph.begins.size() ? graph.begins[block + 1]
                                                   : static_cast<uint32_t>(function.body.size());
    for (uint32_t i = graph.begins[block]; i < end; ++i)
      ranks[i] = rank++;
  }
  return ranks;
}
