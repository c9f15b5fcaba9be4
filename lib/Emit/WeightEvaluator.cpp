//===- WeightEvaluator.cpp - the bytes of weights, read and computed -------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/WeightEvaluator.h"
#include "lib/Emit/WeightArithmetic.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace llvm;
using namespace mlir;
using namespace mlir::xf;

namespace tilewright {

WeightEvaluator::WeightEvaluator(ModuleOp module, StringRef baseDirectory)
    : symbols(module), baseDirectory(baseDirectory) {}

uint64_t WeightEvaluator::sizeOf(RankedTensorType type) {
  int64_t bytes = elementBytes(type.getElementType());
  if (bytes)
    return type.getNumElements() * bytes;
  return llvm::divideCeil(type.getNumElements() * type.getElementTypeBitWidth(), 8);
}

LogicalResult WeightEvaluator::evaluate(WeightDataOp weight, MutableArrayRef<char> out) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (out.size() != sizeOf(type))
    return weight.emitError("expects ") << sizeOf(type) << " bytes for weight @"
                                        << weight.getSymName() << ", got " << out.size();
  if (elementBytes(type.getElementType()) == 0) {
    // Elements below a byte are copied as they are.
    FailureOr<const MemoryBuffer *> file =
        weight.getSource() && weight.getSource()->getEncoding() == Encoding::raw
            ? fileOf(weight)
            : FailureOr<const MemoryBuffer *>();
    if (failed(file))
      return weight.emitError("weight @") << weight.getSymName() << " of " << type
                                          << " cannot be computed: its elements are no whole bytes";
    std::memcpy(out.data(), (*file)->getBufferStart() + weight.getSource()->getOffset(),
                out.size());
    return success();
  }
  if (weight.getInit().empty()) {
    View source = viewOfSource(weight);
    if (failed(source))
      return failure();
    copyStrided(out.data(), denseStrides(source->shape), *source);
    return success();
  }
  active.push_back(weight);
  llvm::scope_exit pop([&] { active.pop_back(); });
  return write(cast<YieldOp>(weight.getInit().front().back()).getValue(), out.data());
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

FailureOr<const MemoryBuffer *> WeightEvaluator::fileOf(WeightDataOp weight) {
  SourceAttr source = *weight.getSource();
  SmallString<256> path = source.getFile();
  if (!sys::path::is_absolute(path) && !baseDirectory.empty()) {
    path = baseDirectory;
    sys::path::append(path, source.getFile());
  }
  std::unique_ptr<MemoryBuffer> &file = files[path];
  if (!file) {
    // Without a terminator behind it a file of any size is mapped.
    ErrorOr<std::unique_ptr<MemoryBuffer>> opened =
        MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!opened)
      return weight.emitError("cannot read '")
             << path << "' with weight @" << weight.getSymName() << " at offset "
             << source.getOffset() << ": " << opened.getError().message();
    file = std::move(*opened);
  }
  uint64_t size = file->getBufferSize();
  if (source.getOffset() < 0 || source.getLength() < 0 ||
      static_cast<uint64_t>(source.getOffset()) > size ||
      static_cast<uint64_t>(source.getLength()) > size - source.getOffset())
    return weight.emitError("expects ")
           << source.getLength() << " bytes of weight @" << weight.getSymName() << " at offset "
           << source.getOffset() << " of '" << path << "', which has " << size << " bytes";
  return file.get();
}

// Protobuf's packed varints, of which the low bits are the element.
static LogicalResult decodeVarints(StringRef data, int64_t count, int64_t bytes, char *out) {
  const auto *at = reinterpret_cast<const uint8_t *>(data.begin());
  const auto *end = reinterpret_cast<const uint8_t *>(data.end());
  for (int64_t i = 0; i < count; ++i) {
    unsigned length = 0;
    const char *error = nullptr;
    uint64_t value = decodeULEB128(at, &length, end, &error);
    if (error)
      return failure();
    std::memcpy(out + i * bytes, &value, bytes); // the host is little-endian
    at += length;
  }
  return success(at == end);
}

WeightEvaluator::View WeightEvaluator::viewOfSource(WeightDataOp weight) {
  FailureOr<const MemoryBuffer *> file = fileOf(weight);
  if (failed(file))
    return failure();
  auto type = cast<RankedTensorType>(weight.getType());
  SourceAttr source = *weight.getSource();
  StringRef data = (*file)->getBuffer().substr(source.getOffset(), source.getLength());
  if (source.getEncoding() == Encoding::raw)
    return StridedView::contiguous(data.data(), type);
  auto buffer = std::make_shared<std::vector<char>>(sizeOf(type));
  if (failed(decodeVarints(data, type.getNumElements(), elementBytes(type.getElementType()),
                           buffer->data())))
    return weight.emitError("expects ")
           << type.getNumElements() << " variable-length integers for weight @"
           << weight.getSymName() << " at offset " << source.getOffset() << " of '"
           << source.getFile() << "'";
  return StridedView::contiguous(buffer->data(), type, buffer);
}

WeightEvaluator::View WeightEvaluator::viewOfWeight(WeightDataOp weight) {
  if (llvm::is_contained(active, weight))
    return weight.emitError("weight @") << weight.getSymName() << " is computed from itself";
  if (weight.getInit().empty())
    return viewOfSource(weight);
  active.push_back(weight);
  llvm::scope_exit pop([&] { active.pop_back(); });
  return view(cast<YieldOp>(weight.getInit().front().back()).getValue());
}

//===----------------------------------------------------------------------===//
// Views: nothing is computed
//===----------------------------------------------------------------------===//

WeightEvaluator::View WeightEvaluator::viewOfConstant(DenseElementsAttr elements) {
  auto type = cast<RankedTensorType>(elements.getType());
  int64_t bytes = elementBytes(type.getElementType());
  auto buffer = std::make_shared<std::vector<char>>();
  if (type.getElementType().isInteger(1)) {
    for (bool value : elements.getValues<bool>())
      buffer->push_back(value);
    return StridedView::contiguous(buffer->data(), type, buffer);
  }
  ArrayRef<char> raw = elements.getRawData();
  buffer->assign(raw.begin(), raw.end());
  StridedView view = StridedView::contiguous(buffer->data(), type, buffer);
  if (elements.isSplat() && static_cast<int64_t>(raw.size()) == bytes)
    view.strides.assign(view.strides.size(), 0);
  return view;
}

// The value written to a temporary.
WeightEvaluator::View WeightEvaluator::computed(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  auto buffer = std::make_shared<std::vector<char>>(sizeOf(type));
  if (failed(write(value, buffer->data())))
    return failure();
  return StridedView::contiguous(buffer->data(), type, buffer);
}

// The input's elements in row-major order under the shape of `type`; strided ones are gathered
// first.
WeightEvaluator::View WeightEvaluator::reshaped(Value input, RankedTensorType type) {
  View source = view(input);
  if (failed(source))
    return failure();
  if (source->isContiguous())
    return StridedView::contiguous(source->data, type, source->owner);
  auto buffer = std::make_shared<std::vector<char>>(sizeOf(type));
  copyStrided(buffer->data(), denseStrides(source->shape), *source);
  return StridedView::contiguous(buffer->data(), type, buffer);
}

static std::optional<StridedView> slicedView(tensor::ExtractSliceOp op, const StridedView &source) {
  auto isDynamic = [](ArrayRef<int64_t> values) { return ShapedType::isDynamicShape(values); };
  if (isDynamic(op.getStaticOffsets()) || isDynamic(op.getStaticSizes()) ||
      isDynamic(op.getStaticStrides()))
    return std::nullopt;
  StridedView view =
      source.sliced(op.getStaticOffsets(), op.getStaticSizes(), op.getStaticStrides());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (int64_t i = view.rank() - 1; i >= 0; --i)
    if (dropped.test(i))
      view = view.at(i, 0);
  return view;
}

WeightEvaluator::View WeightEvaluator::view(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  DenseElementsAttr elements;
  if (type && matchPattern(value, m_Constant(&elements)))
    return viewOfConstant(elements);
  auto through = [&](Value input, auto change) -> View {
    View source = view(input);
    return succeeded(source) ? View(change(*source)) : View();
  };
  return llvm::TypeSwitch<Operation *, View>(op)
      .Case([&](WeightOp handle) -> View {
        auto weight = symbols.lookup<WeightDataOp>(handle.getWeight());
        View whole = viewOfWeight(weight);
        if (failed(whole) || !handle.getLayer())
          return whole;
        std::optional<int64_t> layer = getConstantIntValue(OpFoldResult(handle.getLayer()));
        if (!layer || *layer < 0 || *layer >= whole->shape[0])
          return handle.emitError("expects a constant layer of weight @") << handle.getWeight();
        return whole->at(0, *layer);
      })
      .Case([&](TransposeOp transpose) {
        return through(transpose.getInput(),
                       [&](const StridedView &x) { return x.transposed(transpose.getPerm()); });
      })
      .Case([&](BroadcastOp broadcast) {
        return through(broadcast.getInput(),
                       [&](const StridedView &x) { return x.broadcast(type.getShape()); });
      })
      .Case([&](tensor::CastOp cast) { return view(cast.getSource()); })
      .Case<ReshapeOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
          [&](auto reshape) { return reshaped(reshape->getOperand(0), type); })
      .Case([&](tensor::ExtractSliceOp slice) -> View {
        View source = view(slice.getSource());
        if (failed(source))
          return failure();
        if (std::optional<StridedView> result = slicedView(slice, *source))
          return *result;
        return slice.emitError(
            "expects constant offsets, sizes and strides in a weight's initialiser");
      })
      .Default([&](Operation *) { return computed(value); });
}

//===----------------------------------------------------------------------===//
// Operations that write
//===----------------------------------------------------------------------===//

LogicalResult WeightEvaluator::write(Value value, char *out) {
  Operation *op = value.getDefiningOp();
  if (op && isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op)) {
    SmallVector<StridedView> operands;
    for (Value operand : op->getOperands()) {
      View source = view(operand);
      if (failed(source))
        return failure();
      operands.push_back(*source);
    }
    if (failed(computeElementwise(op, operands, out)))
      return op->emitError("cannot be computed on ")
             << op->getOperandTypes() << " in a weight's initialiser";
    return success();
  }
  if (auto concat = value.getDefiningOp<tensor::ConcatOp>())
    return writeConcat(concat, out);
  if (auto pack = value.getDefiningOp<linalg::PackOp>())
    return writePack(pack, out);
  if (auto gather = value.getDefiningOp<GatherOp>())
    return writeGather(gather, out);
  if (auto iota = value.getDefiningOp<IotaOp>())
    return writeIota(iota, out);
  bool isView = isa_and_nonnull<WeightOp, TransposeOp, BroadcastOp, ReshapeOp, tensor::CastOp,
                                tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                                tensor::ExtractSliceOp, arith::ConstantOp>(op);
  if (!isView)
    return emitError(value.getLoc(), "a weight's initialiser cannot contain ")
           << (op ? op->getName().getStringRef() : "block arguments");
  View source = view(value);
  if (failed(source))
    return failure();
  copyStrided(out, denseStrides(source->shape), *source);
  return success();
}

LogicalResult WeightEvaluator::writeConcat(tensor::ConcatOp op, char *out) {
  SmallVector<int64_t> strides = denseStrides(op.getType().getShape());
  int64_t step = strides[op.getDim()] * elementBytes(op.getType().getElementType());
  for (Value input : op.getInputs()) {
    View source = view(input);
    if (failed(source))
      return failure();
    copyStrided(out, strides, *source);
    out += source->shape[op.getDim()] * step;
  }
  return success();
}

// One element of padding as bytes: zero unless the op says otherwise.
static FailureOr<SmallVector<char>> paddingOf(linalg::PackOp op, Type element) {
  SmallVector<char> bytes(elementBytes(element), 0);
  Value value = op.getPaddingValue();
  if (!value)
    return bytes;
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return op.emitError("expects constant padding in a weight's initialiser");
  // Booleans are stored as bytes and never padded with true.
  auto splat = DenseElementsAttr::get(RankedTensorType::get({}, element), constant);
  if (!element.isInteger(1))
    std::memcpy(bytes.data(), splat.getRawData().data(), bytes.size());
  return bytes;
}

// result[outer.., inner..] = source[outer · tile + inner], or the padding outside of it.
LogicalResult WeightEvaluator::writePack(linalg::PackOp op, char *out) {
  View source = view(op.getSource());
  if (failed(source))
    return failure();
  FailureOr<SmallVector<char>> padding = paddingOf(op, source->element);
  ArrayRef<int64_t> tiles = op.getStaticInnerTiles(), result = op.getDestType().getShape();
  if (ShapedType::isDynamicShape(tiles))
    return op.emitError("expects constant tiles in a weight's initialiser");
  if (failed(padding))
    return failure();
  int64_t rank = source->rank(), bytes = elementBytes(source->element);
  SmallVector<int64_t> perm(op.getOuterDimsPerm()), tileOf(rank, 1), strides = denseStrides(result);
  if (perm.empty())
    perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (auto [tile, dim] : llvm::zip(tiles, op.getInnerDimsPos()))
    tileOf[dim] = tile;

  // Blocks from `begin` to `end` of the outer dimensions, each cut to `inner` elements.
  auto writeBlocks = [&](ArrayRef<int64_t> begin, ArrayRef<int64_t> end, ArrayRef<int64_t> inner) {
    StridedView blocks = *source;
    blocks.shape.clear();
    blocks.strides.clear();
    char *target = out;
    for (int64_t i = 0; i < rank; ++i) {
      blocks.data += begin[i] * tileOf[perm[i]] * source->strides[perm[i]] * bytes;
      target += begin[i] * strides[i] * bytes;
      blocks.shape.push_back(end[i] - begin[i]);
      blocks.strides.push_back(tileOf[perm[i]] * source->strides[perm[i]]);
    }
    for (int64_t dim : op.getInnerDimsPos()) {
      blocks.shape.push_back(inner[dim]);
      blocks.strides.push_back(source->strides[dim]);
    }
    copyStrided(target, strides, blocks);
  };
  // Per outer dimension the blocks are whole, or the one behind them is partly padding.
  SmallVector<int64_t> whole;
  for (int64_t dim : perm)
    whole.push_back(source->shape[dim] / tileOf[dim]);
  if (!llvm::equal(whole, result.take_front(rank)))
    for (char *at = out, *last = out + op.getDestType().getNumElements() * bytes; at < last;
         at += bytes)
      std::memcpy(at, padding->data(), bytes);
  for (unsigned partial = 0; partial < 1u << rank; ++partial) {
    SmallVector<int64_t> begin(rank), end(rank), inner(tileOf);
    for (int64_t i = 0; i < rank; ++i) {
      bool isPartial = partial >> i & 1;
      int64_t rest = source->shape[perm[i]] - whole[i] * tileOf[perm[i]];
      begin[i] = isPartial ? whole[i] : 0;
      end[i] = isPartial ? whole[i] + (rest > 0) : whole[i];
      if (isPartial)
        inner[perm[i]] = rest;
    }
    writeBlocks(begin, end, inner);
  }
  return success();
}

LogicalResult WeightEvaluator::writeGather(GatherOp op, char *out) {
  View source = view(op.getInput()),
       indices = reshaped(op.getIndices(), cast<RankedTensorType>(op.getIndices().getType()));
  if (failed(source) || failed(indices))
    return failure();
  int64_t axis = op.getAxis(), extent = source->shape[axis], bytes = elementBytes(source->element);
  int64_t count = indices->numElements();
  if (extent == 0 && count > 0)
    return op.emitError("expects elements to choose from in dimension ") << axis;
  // [outer.., indices.., inner..] as [outer.., count, inner..]
  SmallVector<int64_t> shape = source->shape;
  shape[axis] = count;
  SmallVector<int64_t> strides = denseStrides(shape);
  int64_t step = strides[axis] * bytes;
  strides.erase(strides.begin() + axis);
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = integerAt(*indices, i);
    index = std::clamp<int64_t>(index < 0 ? index + extent : index, 0,
                                std::max<int64_t>(extent - 1, 0));
    copyStrided(out + i * step, strides, source->at(axis, index));
  }
  return success();
}

LogicalResult WeightEvaluator::writeIota(IotaOp op, char *out) {
  std::optional<int64_t> start = getConstantIntValue(OpFoldResult(op.getStart()));
  auto type = cast<RankedTensorType>(op.getType());
  if (!start || !type.hasStaticShape())
    return op.emitError("expects constant bounds in a weight's initialiser");
  int64_t bytes = elementBytes(type.getElementType());
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t value = *start + i;
    std::memcpy(out + i * bytes, &value, bytes);
  }
  return success();
}

} // namespace tilewright
