//===- TensorBuilder.h - xf ops from recipes, evaluated where elements are known -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSORBUILDER_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSORBUILDER_H

#include "dialects/Xf/IR/Xf.h"
#include "lib/Conversion/OnnxToXf/IndexMath.h"
#include "lib/Conversion/OnnxToXf/ScalarMath.h"
#include "lib/Conversion/OnnxToXf/Tensor.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <deque>

namespace tilewright {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

/// The vocabulary of recipes. Functions take and give handles; a null operand (left by an earlier
/// failure) gives null, and the first failure is kept, so recipes need no error code. Small tensors
/// whose elements are known are evaluated instead of computed.
class TensorBuilder {
public:
  explicit TensorBuilder(mlir::OpBuilder &builder)
      : builder(builder), early(builder), index(early), scalars(early, index) {}

  // State
  // ------------------------------------------------------------------------------------------------------------------------

  /// Starts a node: forgets the failure of the one before; created ops carry `loc`.
  void start(mlir::Location loc);
  mlir::Location location() const { return loc; }
  /// Records the reason why the node cannot be converted, unless there is one already.
  Tensor fail(const llvm::Twine &reason);
  bool ok() const { return !failure; }
  llvm::StringRef reason() const { return failure ? llvm::StringRef(*failure) : ""; }

  Tensor wrap(mlir::Value value);
  /// The tensor as a value, materialised if need be.
  mlir::Value value(Tensor x);
  /// The elements of a small tensor built from constants and dimensions, else nothing. i8 to i64
  /// are indices; see ScalarMath.
  const Sizes *elements(Tensor x);
  const Sizes &sizes(Tensor x);
  mlir::OpFoldResult size(Tensor x, int64_t dim) { return sizes(x)[dim]; }

  // Leaves
  // -----------------------------------------------------------------------------------------------------------------------

  Tensor known(mlir::Type elementType, llvm::ArrayRef<int64_t> shape, Sizes elements);
  Tensor integer(int64_t value, mlir::Type elementType) {
    return known(elementType, {}, {index.constant(value)});
  }
  Tensor number(double value, mlir::Type elementType) {
    return known(elementType, {}, {scalars.number(value, elementType)});
  }
  /// `value` as a scalar tensor of any element type.
  Tensor scalar(double value, mlir::Type elementType);
  /// The least value of an element type, as a scalar: −∞ of floats.
  Tensor lowest(mlir::Type elementType);
  Tensor sizeVector(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type elementType);
  Tensor constant(mlir::DenseElementsAttr value);
  /// start, start + 1, ... of `size` elements.
  Tensor iota(mlir::OpFoldResult start, mlir::OpFoldResult size, mlir::Type elementType);
  /// 0, 1, ... along dimension `axis` of x, as `along` gives it.
  Tensor coordinates(Tensor x, int64_t axis, mlir::Type elementType);

  // Elementwise
  // ------------------------------------------------------------------------------------------------------------------

  Tensor unary(mlir::xf::UnaryKind kind, Tensor x);
  Tensor binary(mlir::xf::BinaryKind kind, Tensor x, Tensor y);
  Tensor compare(mlir::xf::CompareKind kind, Tensor x, Tensor y);
  Tensor select(Tensor condition, Tensor x, Tensor y);
  Tensor cast(Tensor x, mlir::Type elementType);
  Tensor add(Tensor x, Tensor y) { return binary(mlir::xf::BinaryKind::add, x, y); }
  Tensor sub(Tensor x, Tensor y) { return binary(mlir::xf::BinaryKind::sub, x, y); }
  Tensor mul(Tensor x, Tensor y) { return binary(mlir::xf::BinaryKind::mul, x, y); }
  Tensor div(Tensor x, Tensor y) { return binary(mlir::xf::BinaryKind::div, x, y); }
  /// x · value, or x itself where value is 1.
  Tensor scale(Tensor x, double value);
  /// Indices of which negative ones count from the end of `extent`, counted from the start.
  Tensor wrapIndices(Tensor indices, mlir::OpFoldResult extent);

  // Movement
  // ---------------------------------------------------------------------------------------------------------------------

  /// `fits`: the caller has made sure that the numbers of elements agree.
  Tensor reshape(Tensor x, llvm::ArrayRef<mlir::OpFoldResult> sizes, bool fits = false);
  /// Reshape that inserts dimensions of size 1 so that they stand at `axes` of the result
  /// (ascending).
  Tensor unsqueeze(Tensor x, llvm::ArrayRef<int64_t> axes);
  Tensor squeeze(Tensor x, llvm::ArrayRef<int64_t> axes);
  /// A vector [n] as [n, 1..], so that it broadcasts along dimension `axis` of a tensor of `rank`.
  Tensor along(Tensor vector, int64_t axis, int64_t rank);
  Tensor broadcast(Tensor x, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  Tensor transpose(Tensor x, llvm::ArrayRef<int64_t> perm);
  Tensor gather(Tensor x, Tensor indices, int64_t axis);
  /// `size` slices along `axis` from `offset`, every `stride`-th (stride >= 1).
  Tensor slice(Tensor x, int64_t axis, mlir::OpFoldResult offset, mlir::OpFoldResult size,
               int64_t stride = 1);
  /// x with dimension `axis` from its end to its start.
  Tensor reverse(Tensor x, int64_t axis);
  Tensor concat(llvm::ArrayRef<Tensor> parts, int64_t axis);
  /// Constant padding by widths of at least 0.
  Tensor pad(Tensor x, llvm::ArrayRef<mlir::OpFoldResult> low,
             llvm::ArrayRef<mlir::OpFoldResult> high, Tensor value);

  // Neural
  // -----------------------------------------------------------------------------------------------------------------------

  /// numpy's matmul: a vector is a row on the left, a column on the right, and its dimension
  /// vanishes again. With `transposeRhs` both are matrices, [.., m, k] and [.., n, k].
  Tensor matmul(Tensor lhs, Tensor rhs, bool transposeRhs = false);
  Tensor softmax(Tensor x, int64_t axis);
  Tensor reduce(mlir::xf::ReduceKind kind, Tensor x, llvm::ArrayRef<int64_t> axes, bool keepDims);
  Tensor layerNorm(Tensor x, Tensor scale, Tensor bias, int64_t axis, double epsilon);
  Tensor rmsNorm(Tensor x, Tensor scale, int64_t axis, double epsilon);
  Tensor rope(Tensor x, Tensor cos, Tensor sin, bool interleaved);

  struct Attention {
    Tensor query, key, value, mask;
    mlir::OpFoldResult offset; ///< null: absent
    Tensor kvLengths;
    double scale = 1.0, softcap = 0.0;
    bool causal = false;
    int64_t window = -1;
  };
  /// See xf.attention.
  Tensor attention(const Attention &operands);

  struct Convolution {
    Tensor input, filter, bias;
    llvm::SmallVector<int64_t> strides, pads, dilations;
    int64_t group = 1;
  };
  Tensor convolution(const Convolution &operands);

  // Loops
  // -----------------------------------------------------------------------------------------------------------------------

  /// What one step of a loop computes.
  struct Step {
    llvm::SmallVector<Tensor> carried; ///< for the next step, with sizes and types as before
    llvm::SmallVector<Tensor> outputs; ///< one slice of each output
  };
  /// Step 0 to count - 1, one after the other. `body` gets the number of the step (an i64 scalar),
  /// what is carried, at first `initial`, and that slice of the first dimension of each input. The
  /// result is what the last step carries, then the outputs, whose first dimension is `count`.
  llvm::SmallVector<Tensor>
  loop(mlir::OpFoldResult count, llvm::ArrayRef<Tensor> initial, llvm::ArrayRef<Tensor> inputs,
       llvm::function_ref<Step(Tensor step, llvm::ArrayRef<Tensor> carried,
                               llvm::ArrayRef<Tensor> slices)>
           body);

  // Requirements
  // -----------------------------------------------------------------------------------------------------------------

  /// Make sure that two sizes are equal, that one is a multiple of another, or at most `limit`: by
  /// proof, else as a check at entry. What cannot be true becomes the failure of the node.
  void require(mlir::OpFoldResult a, mlir::OpFoldResult b);
  void requireMultiple(mlir::OpFoldResult a, mlir::OpFoldResult of);
  void requireAtMost(mlir::OpFoldResult size, int64_t limit);
  void requireAtLeast(mlir::OpFoldResult size, int64_t limit);
  /// Creates an xf.require for each check at entry that xf.requires cannot express.
  void emitChecks();

  /// Sizes of the numpy broadcast of `operands`.
  Sizes broadcastSizes(llvm::ArrayRef<Tensor> operands);
  /// One of them: two sizes that are not 1 are required to be equal.
  mlir::OpFoldResult broadcastSize(mlir::OpFoldResult a, mlir::OpFoldResult b);
  /// The better known of two sizes, which are required to be equal.
  mlir::OpFoldResult equalSize(mlir::OpFoldResult a, mlir::OpFoldResult b);

  mlir::OpBuilder &builder;

private:
  /// Where sizes and constants are computed: in front of the outermost loop, so that they serve
  /// what stands behind it, too.
  mlir::OpBuilder early;

public:
  IndexMath index;
  ScalarMath scalars;

private:
  /// The step's slices of `inputs`.
  llvm::SmallVector<Tensor> slicesAt(mlir::Value step, llvm::ArrayRef<Tensor> inputs);
  /// Ends the body of `loop` and gives it results for the outputs, too.
  llvm::SmallVector<Tensor> closeLoop(mlir::scf::ForOp loop, mlir::OpFoldResult count,
                                      llvm::ArrayRef<Tensor> initial, const Step &last);
  void requireAttention(const Attention &operands);
  bool haveOneType(Tensor x, Tensor y);
  bool hasDimension(Tensor x, int64_t axis);
  /// A parameter of a norm broadcasts to the trailing dimensions of x.
  void requireTrailing(Tensor x, Tensor parameter);
  /// Creates an op with an inferred result type, made as static as `sizes` tell, and verifies it:
  /// what inference or verifier object to becomes the failure of the node. Without `sizes` the op
  /// is asked for them.
  template <class Op, class... Args>
  Tensor make(std::optional<Sizes> sizes, Args &&...args);
  Tensor finish(mlir::OperationState &state, std::optional<Sizes> sizes);
  Tensor adopt(mlir::Value value, std::optional<Sizes> sizes);
  /// Runs `action`; a diagnostic it emits becomes the failure of the node.
  bool guarded(llvm::function_ref<llvm::LogicalResult()> action);
  /// Fails on a size that is known to be negative, or on more elements than memory can hold.
  bool areSizes(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// The elements of all operands if the result, of `shape`, is small enough to evaluate.
  bool evaluable(llvm::ArrayRef<Tensor> operands, llvm::ArrayRef<int64_t> shape);
  /// Element `position` (row-major in `shape`) of an operand that broadcasts to `shape`.
  mlir::OpFoldResult broadcastElement(Tensor x, llvm::ArrayRef<int64_t> shape, int64_t position);
  Tensor
  evaluate(llvm::ArrayRef<Tensor> operands, mlir::Type elementType,
           llvm::function_ref<ScalarMath::Result(llvm::ArrayRef<mlir::OpFoldResult>)> formula);
  /// Elements moved by `source`: result position to input position.
  Tensor rearranged(Tensor x, llvm::ArrayRef<int64_t> shape,
                    llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> source);

  mlir::Location loc = mlir::UnknownLoc::get(builder.getContext());
  std::optional<std::string> failure;
  int64_t loopDepth = 0; ///< of the insertion point
  llvm::SmallVector<std::pair<mlir::OpFoldResult, mlir::OpFoldResult>> checks; ///< have to be equal
  std::deque<TensorState> states;
  llvm::DenseMap<mlir::Value, TensorState *> wrapped;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_TENSORBUILDER_H
