//===- Passes.td - passes of the xf dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_PASSES
#define TILEWRIGHT_XF_PASSES

include "mlir/Pass/PassBase.td"

def Decompose : Pass<"xf-decompose"> {
  let summary = "Every xf compute op is replaced by its definition in linalg, tensor, arith and math";
  let description = [{
    One loop over `linalg::AggregatedOpInterface`. It is the whole of the reference pipeline's lowering, and the fallback for
    every op that no kernel claimed.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def WidenFloats : Pass<"xf-widen-floats", "::mlir::func::FuncOp"> {
  let summary = "f16 and bf16 are f32 inside the model";
  let description = [{
    Inputs and weights are widened where they are read, results rounded where they are returned. Sums and intermediate values are exacter
    than the model asks for, and everything is recognised and computed as in a model of f32. A Cast to f16 or bf16 rounds only where its
    result is cast again and nothing else. Constants of GELU are what they were before an exporter rounded them. A weight stays as narrow
    as it is in the file: `convert-xf-to-kernel` packs it so.
  }];
  let dependentDialects = ["XfDialect"];
}

def RaiseNorms : Pass<"xf-raise-norms"> {
  let summary = "Every spelled-out LayerNorm and RMSNorm is one op";
  let description = [{
    Models exported before opset 17 (LayerNormalization) or 23 (RMSNormalization) write norms as reductions and arithmetic. Both are
    recognised from x / √(mean(x²) + ε), as a quotient or a product with the inverse root; it is a LayerNorm when x is
    centred. A following product or sum with a tensor of exactly the normalised sizes becomes scale or bias.
    TensorFlow's x·s + (β − mean·s) counts as well. A residual sum in front stays a sum.

    ```mlir
    %s = xf.binary mul %x, %x : ...              // %y = xf.rms_norm %x axis 2 epsilon 1.0e-05
    %m = xf.reduce mean %s axes [2] keep_dims : ...
    %e = xf.binary add %m, %epsilon : ...
    %r = xf.unary rsqrt %e : ...
    %y = xf.binary mul %x, %r : ...
    ```
  }];
  let dependentDialects = ["XfDialect"];
}

def RaiseActivations : Pass<"xf-raise-activations"> {
  let summary = "Every spelled-out GELU (erf and tanh) and SiLU is one op";
  let description = [{
    The expression around an erf, tanh or sigmoid is expanded into a polynomial and compared with the definition in
    `xf.unary`, so the order of factors does not matter. x · sigmoid(1.702 x) (quick GELU) is no kind of its own and stays.
  }];
  let dependentDialects = ["XfDialect"];
}

def RaiseRope : Pass<"xf-raise-rope"> {
  let summary = "Every spelled-out rotary embedding is one op with one angle per pair";
  let description = [{
    Recognised by pairs, (x₀ cos − x₁ sin, x₀ sin + x₁ cos) joined as halves or interleaved (strided slices, or a view [.., r, 2]);
    and by vectors, x cos + (−x₁, x₀) sin, where the tables hold each angle twice: that is proven by following their
    computation back to concat(f, f) or to the repetition, and the tables are computed with half the width from there on. Tables that
    broadcast over heads behind the positions ([b, s, 1, d]) put transposes around the op. A plain rest of the row, concatenated
    behind the rotated part, is taken in (partial rotary).
  }];
  let dependentDialects = ["XfDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def RaiseAttention : Pass<"xf-raise-attention"> {
  let summary = "Every matmul, softmax and matmul of a query, a key and a value is one op";
  let description = [{
    softmax(mask(softcap(scale · q kᵀ))) v becomes `xf.attention`. Scales on q, k or the product are multiplied; keys that were
    transposed are taken as they were; heads repeated for grouped queries (Unsqueeze, Expand, Reshape) are read by groups.
    Masks that are added, or choose -inf by where, become the mask operand; what is provably a causal mask or a causal window from the
    arithmetic of `xf.dim` (see Diagonals.h) becomes `causal` with an offset. A mask that hides by a finite number is taken as causal
    only if every row sees a key. Conversions of isnan(p) to 0 behind the softmax are dropped, since such rows are 0 here. Nothing is raised
    where the probabilities have other readers.
  }];
  let dependentDialects = ["XfDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def UnfoldConvolutions : Pass<"xf-unfold-convolutions", "::mlir::func::FuncOp"> {
  let summary = "Every f32 convolution of one group is a matmul of its windows with the filter";
  let description = [{
    The input is brought to channels last, so that a window is k runs of memory (one in a single spatial dimension), and the windows of all
    positions are the rows of a matrix; a pointwise convolution has them already. The transpose that gives the result its
    channels back moves behind elementwise ops, sums with weights or with another such result, and reshapes that join the positions:
    there it meets the transpose of the next convolution, or the one that patch embeddings and audio encoders end with, and the two go.

    ```mlir
    %y = xf.conv %x filter(%w) bias(%b) strides [2] pads [1, 1]     // %r = linalg.generic: windows of pad(transpose(%x))
                                                                   // %m = xf.matmul %r, %k      where %k is %w as [m, k · c]
                                                                   // %s = xf.binary add %m, %b
                                                                   // %y = xf.transpose %s perm [0, 2, 1]
    ```
    Grouped convolutions and other element types stay.
  }];
  let dependentDialects = ["XfDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def MergeProjections : Pass<"xf-merge-projections", "::mlir::func::FuncOp"> {
  let summary = "Contractions of one input with weights are one contraction, of which results are slices";
  let description = [{
    Q, K and V, or gate and up: matmuls with the same left side and weights of rank 2 (or values computed from weights alone) read the input once.
    Rank-1 biases are concatenated as well; a missing one counts as 0. Groups end at the next attention (or softmax), so that the projections
    of an encoder's output by every decoder layer stay with their layers. The concatenations of weights are left to
    xf-fold-weights.

    ```mlir
    %q = xf.matmul %x, %wq                       // %w = tensor.concat dim(1) %wq, %wk
    %k = xf.matmul %x, %wk                       // %y = xf.matmul %x, %w
                                                 // %q = tensor.extract_slice %y ..., %k = tensor.extract_slice %y ...
    ```
  }];
  let dependentDialects = ["XfDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def FoldWeights : Pass<"xf-fold-weights", "::mlir::ModuleOp"> {
  let summary = "Whatever is computed from weights alone is a weight";
  let description = [{
    Transposes, casts, concatenations, slices and arithmetic on weights become the initialiser of a new `xf.weight_data`, evaluated at emission;
    no element enters the IR. So does what is computed from constants and does not fold. Matmuls with `transpose_rhs` read a transposed weight instead. Values more than 4 times as large as
    their weights (broadcasts) stay. Weights that no function reads, directly or through initialisers, are removed.
  }];
  let dependentDialects = ["XfDialect"];
}

def ExportInterface : Pass<"xf-export-interface", "::mlir::ModuleOp"> {
  let summary = "The module says its inputs, outputs and symbols; functions compute the sizes of outputs and check those of inputs";
  let description = [{
    What callers see of a model must outlive the model function's tensors: names, element types and dimensions are recorded in
    `xf.interface` (see IR/Interface.h). `@main_shapes` returns the sizes of all outputs, one after the other. `@main_checks`, if
    the model holds `xf.require`, returns the number of the first that does not hold, or -1. Arguments and results get the positions of
    their buffers, `xf.buffers`. A dynamic dimension of an input without a name, or an output whose size depends on data, is an error.
    An interface that is there is kept.
  }];
  let dependentDialects = ["XfDialect", "::mlir::func::FuncDialect"];
}

def PrintStructure : Pass<"xf-print-structure", "::mlir::ModuleOp"> {
  let summary = "Print what each function computes, without names, locations or the order of independent ops";
  let description = [{
    Two modules compute the same in the same way if this prints the same. Ops are printed in the order in which the data flow reaches them
    from the results; weights by their initialisers or, from files, by type and order of use; large constants by a digest.
  }];
}

def RollLayers : Pass<"xf-roll-layers", "::mlir::ModuleOp"> {
  let summary = "Identical consecutive layers are one loop over layers with stacked weights";
  let description = [{
    Ops that repeat with a period between attentions, operands aside, are verified op by op (see Layers.h) and become an
    `scf.for` over layers, so that code size and compile time depend on the number of distinct layers. What one layer hands to
    the next is carried; weights and constants of the layers are stacked, `xf.weight @w.stacked[%l]`. Inputs of the model of
    which each layer reads its own (caches) become one stacked argument, results that each layer gives become one stacked result;
    `xf.buffers` says which ones (docs/Decisions/0004). All else must be the same value for every layer.
    Other values of a layer that anything behind the stack reads end the repetition.

    ```mlir
    %y = scf.for %l = %c0 to %c12 step %c1 iter_args(%x = %embedded) -> (tensor<?x?x768xf32>) {
      %w = xf.weight @layer.0.query.stacked[%l] : tensor<768x2304xf32>
      %qkv = xf.matmul %x, %w : ...
    ```
  }];
  let dependentDialects = ["XfDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

#endif // TILEWRIGHT_XF_PASSES
