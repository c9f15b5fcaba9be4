//===- PrintStructure.cpp - what a function computes, without names or order -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Xf.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/xxhash.h"

namespace mlir::xf {
#define GEN_PASS_DEF_PRINTSTRUCTURE
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// Prints every op once, when the first op that reads it is printed: the order of the data flow,
// whatever the order in the block.
class Printer {
public:
  Printer(SymbolTable &symbols, raw_ostream &os) : symbols(symbols), os(os) {}

  void print(func::FuncOp function) {
    os << "function " << function.getFunctionType() << "\n";
    Operation *end = function.getBody().back().getTerminator();
    SmallVector<std::string> results;
    for (Value value : end->getOperands())
      results.push_back(nameOf(value));
    os << "return " << llvm::join(results, ", ") << "\n";
  }

private:
  std::string nameOf(Value value) {
    if (auto arg = dyn_cast<BlockArgument>(value)) {
      auto function = dyn_cast<FunctionOpInterface>(arg.getOwner()->getParentOp());
      StringAttr name;
      if (function)
        name = function.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "xf.name");
      return name ? ("%" + name.getValue()).str() : "%" + std::to_string(arg.getArgNumber());
    }
    Operation *op = value.getDefiningOp();
    auto it = numbers.find(op);
    unsigned number = it == numbers.end() ? print(op) : it->second;
    std::string name = "#" + std::to_string(number);
    return op->getNumResults() == 1
               ? name
               : name + ":" + std::to_string(cast<OpResult>(value).getResultNumber());
  }

  unsigned print(Operation *op) {
    SmallVector<std::string> operands;
    for (Value operand : op->getOperands())
      operands.push_back(nameOf(operand));
    // A weight is what its initialiser computes; a weight from a file is its type, and which of the
    // first uses it is.
    std::string initialiser;
    WeightDataOp data;
    if (auto weight = dyn_cast<WeightOp>(op))
      data = symbols.lookup<WeightDataOp>(weight.getWeight());
    if (data && !data.getInit().empty())
      initialiser = nameOf(cast<YieldOp>(data.getInit().front().back()).getValue());
    unsigned number = numbers.size();
    numbers[op] = number;
    os << "#" << number << " = " << op->getName() << "(" << llvm::join(operands, ", ") << ")";
    if (data)
      os << " "
         << (initialiser.empty()
                 ? "file " + std::to_string(files.insert({data, files.size()}).first->second)
                 : initialiser);
    else
      printAttributes(op);
    os << " : " << op->getResultTypes() << "\n";
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        if (inner.hasTrait<OpTrait::IsTerminator>())
          for (Value value : inner.getOperands())
            os << "#" << number << " yields " << nameOf(value) << "\n";
    return number;
  }

  void printAttributes(Operation *op) {
    DenseElementsAttr elements;
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (elements && !elements.isSplat())
      os << " digest "
         << llvm::xxh3_64bits(
                ArrayRef(reinterpret_cast<const uint8_t *>(elements.getRawData().data()),
                         elements.getRawData().size()));
    else if (!op->getAttrDictionary().empty())
      os << " " << op->getAttrDictionary();
  }

  SymbolTable &symbols;
  raw_ostream &os;
  llvm::DenseMap<Operation *, unsigned> numbers;
  llvm::DenseMap<Operation *, unsigned> files;
};

struct PrintStructure : impl::PrintStructureBase<PrintStructure> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      Printer(symbols, llvm::outs()).print(function);
    markAllAnalysesPreserved();
  }
};
} // namespace
} // namespace mlir::xf
