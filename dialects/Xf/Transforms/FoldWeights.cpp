//===- FoldWeights.cpp - arithmetic on weights moves to compile time -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Passes.h"
#include "dialects/Xf/Transforms/Views.h"
#include "dialects/Xf/Transforms/WeightSubgraphs.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::xf {
#define GEN_PASS_DEF_FOLDWEIGHTS
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {

// A product with a transposed weight reads the transposed weight: the shape that every linear layer
// is packed from.
void transposeWeightsOfProducts(ModuleOp module, IRRewriter &rewriter) {
  WeightSubgraphs weights;
  SmallVector<MatmulOp> products;
  module.walk([&](MatmulOp op) {
    if (op.getTransposeRhs() && weights.isKnown(op.getRhs()))
      products.push_back(op);
  });
  for (MatmulOp op : products) {
    rewriter.setInsertionPoint(op);
    Value weight = transposedLast(rewriter, op.getLoc(), op.getRhs());
    rewriter.modifyOpInPlace(op, [&] {
      op.getRhsMutable().assign(weight);
      op.setTransposeRhs(false);
    });
  }
}

class Folder {
public:
  Folder(ModuleOp module, IRRewriter &rewriter) : symbols(module), rewriter(rewriter) {}

  // Values that are read by anything which is not itself computed from weights alone become
  // weights.
  void run(func::FuncOp function) {
    SmallVector<Value> roots;
    function.walk([&](Operation *op) {
      if (op->getNumResults() != 1 || isa<WeightOp, arith::ConstantOp>(op) ||
          !weights.isKnown(op->getResult(0)))
        return;
      bool isRoot = llvm::any_of(op->getUsers(), [&](Operation *user) {
        return user->getNumResults() != 1 || !weights.isKnown(user->getResult(0));
      });
      if (isRoot && !isGrown(op->getResult(0)))
        roots.push_back(op->getResult(0));
    });
    for (Value root : roots)
      fold(root, function);
  }

private:
  // Whether storing the value would take more than 4 times its weights and constants (int8 to f32
  // takes 4 times): a broadcast is better repeated at run time, and one number is no weight.
  bool isGrown(Value root) {
    if (splatOf(root))
      return true;
    SmallVector<Value> worklist{root};
    SmallPtrSet<Operation *, 8> seen;
    int64_t bits = 0;
    while (!worklist.empty()) {
      Operation *op = worklist.pop_back_val().getDefiningOp();
      if (!seen.insert(op).second)
        continue;
      if (auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
          type && isa<WeightOp, arith::ConstantOp>(op))
        bits += type.getNumElements() * type.getElementTypeBitWidth();
      llvm::append_range(worklist, op->getOperands());
    }
    RankedTensorType type = tensorTypeOf(root);
    return type.getNumElements() * static_cast<int64_t>(type.getElementTypeBitWidth()) > 4 * bits;
  }

  void fold(Value root, func::FuncOp function) {
    Operation *op = root.getDefiningOp();
    // w.transpose, w.concat: of which weight, and what was done to it last.
    StringRef verb = op->getName().stripDialect();
    WeightOp first = firstWeightOf(root);
    std::string name = ((first ? first.getWeight() : "constant") + "." + verb).str();
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(function);
    auto weight =
        WeightDataOp::create(rewriter, op->getLoc(), name, tensorTypeOf(root), SourceAttr());
    rewriter.setInsertionPointToStart(&weight.getInit().emplaceBlock());
    IRMapping mapping;
    YieldOp::create(rewriter, op->getLoc(), copy(root, mapping));
    StringAttr symbol = symbols.insert(weight, Block::iterator(function));
    rewriter.setInsertionPoint(op);
    rewriter.replaceOpWithNewOp<WeightOp>(op, root.getType(), FlatSymbolRefAttr::get(symbol),
                                          Value());
  }

  Value copy(Value value, IRMapping &mapping) {
    if (Value copied = mapping.lookupOrNull(value))
      return copied;
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      copy(operand, mapping);
    return rewriter.clone(*op, mapping)->getResult(0);
  }

  SymbolTable symbols;
  IRRewriter &rewriter;
  WeightSubgraphs weights;
};

// The model is whole: a weight that no function reads, directly or through initialisers, is read by
// nobody.
void eraseUnread(ModuleOp module) {
  SymbolTable symbols(module);
  SetVector<WeightDataOp> read;
  auto collect = [&](Operation *from) {
    from->walk([&](WeightOp handle) {
      if (auto weight = symbols.lookup<WeightDataOp>(handle.getWeight()))
        read.insert(weight);
    });
  };
  for (auto function : module.getOps<func::FuncOp>())
    collect(function);
  for (size_t i = 0; i < read.size(); ++i)
    collect(read[i]);
  for (auto weight : llvm::make_early_inc_range(module.getOps<WeightDataOp>()))
    if (!read.contains(weight))
      weight.erase();
}

struct FoldWeights : impl::FoldWeightsBase<FoldWeights> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    transposeWeightsOfProducts(getOperation(), rewriter);
    Folder folder(getOperation(), rewriter);
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      folder.run(function);
    // What only led to the new weights is dead now, and so may be the weights behind it.
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
    eraseUnread(getOperation());
  }
};
} // namespace
} // namespace mlir::xf
