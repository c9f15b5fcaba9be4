// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// 3-D operands are split into heads; the cache is a concatenation and its length the causal offset.
// CHECK-LABEL: func.func @packed_with_past
// CHECK-DAG: %[[P:.*]] = xf.dim "past"
// CHECK-DAG: %[[Q:.*]] = xf.transpose %{{.*}} perm [0, 2, 1, 3] : (tensor<?x?x4x8xf32>) -> tensor<?x4x?x8xf32>
// CHECK-DAG: %[[K:.*]] = tensor.concat dim(2) %arg3, %{{.*}} : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>)
// CHECK-DAG: %[[V:.*]] = tensor.concat dim(2) %arg4
// CHECK: %[[A:.*]] = xf.attention %[[Q]], %[[K]], %[[V]] offset(%[[P]]) scale 0.353553{{[0-9]*}} causal
// CHECK: xf.transpose %[[A]]
// CHECK: xf.reshape %{{.*}} to [%{{.*}}, %{{.*}}, 32]
// CHECK: return %{{.*}}, %[[K]], %[[V]]
func.func @packed_with_past(%q: tensor<?x?x32xf32> {xf.name = "q", xf.dims = ["b", "s", ""]},
                            %k: tensor<?x?x16xf32> {xf.name = "k", xf.dims = ["b", "s", ""]},
                            %v: tensor<?x?x16xf32> {xf.name = "v", xf.dims = ["b", "s", ""]},
                            %pk: tensor<?x2x?x8xf32> {xf.name = "pk", xf.dims = ["b", "", "past", ""]},
                            %pv: tensor<?x2x?x8xf32> {xf.name = "pv", xf.dims = ["b", "", "past", ""]})
    -> (!onnx.value, !onnx.value, !onnx.value) {
  %none = onnx.absent
  %y:3 = onnx.node "Attention" domain "" since 23 (%q, %k, %v, %none, %pk, %pv)
    {is_causal = 1 : i64, q_num_heads = 4 : i64, kv_num_heads = 2 : i64}
    : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>, none, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>)
    -> (!onnx.value, !onnx.value, !onnx.value)
  return %y#0, %y#1, %y#2 : !onnx.value, !onnx.value, !onnx.value
}

// -----

// A mask shorter than the keys hides the rest; softcap and scale are attributes.
// CHECK-LABEL: func.func @short_mask
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: %[[M:.*]] = tensor.pad %arg3 low[0, 0] high[0, 2]
// CHECK: xf.attention {{.*}} mask(%[[M]]) scale 2.500000e-01 {softcap = 5.000000e+00 : f64}
func.func @short_mask(%q: tensor<1x2x3x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x4xf32>, %m: tensor<3x4xf32>) -> !onnx.value {
  %y = onnx.node "Attention" domain "" since 24 (%q, %k, %v, %m) {scale = 0.25 : f32, softcap = 5.0 : f32}
    : (tensor<1x2x3x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x4xf32>, tensor<3x4xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// Against an external cache causality starts at nonpad_kv_seqlen - q_len of each row: a mask, not an offset.
// CHECK-LABEL: func.func @external_cache
// CHECK: %[[M:.*]] = xf.compare {{ ?}}le %{{.*}} : (tensor<6xi64>, tensor<2x1x3x1xi64>) -> tensor<2x1x3x6xi1>
// CHECK: xf.attention {{.*}} mask(%[[M]]) kv_lengths(%arg3)
// CHECK-NOT: causal
func.func @external_cache(%q: tensor<2x2x3x8xf32>, %k: tensor<2x2x6x8xf32>, %v: tensor<2x2x6x8xf32>, %n: tensor<2xi64>) -> !onnx.value {
  %none = onnx.absent
  %y = onnx.node "Attention" domain "" since 24 (%q, %k, %v, %none, %none, %none, %n) {is_causal = 1 : i64}
    : (tensor<2x2x3x8xf32>, tensor<2x2x6x8xf32>, tensor<2x2x6x8xf32>, none, none, none, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @rotary
// CHECK: %[[C:.*]] = xf.gather %arg1[%arg3] axis 0 : (tensor<32x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
// CHECK: xf.rope %{{.*}} cos(%[[C]]) sin(%{{.*}}) interleaved : (tensor<?x2x?x8xf32>
func.func @rotary(%x: tensor<?x?x16xf32> {xf.name = "x", xf.dims = ["b", "s", ""]}, %c: tensor<32x4xf32>, %s: tensor<32x4xf32>,
                  %p: tensor<?x?xi64> {xf.name = "p", xf.dims = ["b", "s"]}) -> !onnx.value {
  %y = onnx.node "RotaryEmbedding" domain "" since 23 (%x, %c, %s, %p) {interleaved = 1 : i64, num_heads = 2 : i64}
    : (tensor<?x?x16xf32>, tensor<32x4xf32>, tensor<32x4xf32>, tensor<?x?xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @tensor_scatter
// CHECK: xf.gather
// CHECK: xf.select %{{.*}}, %{{.*}}, %arg0 : (tensor<2x1x4x1xi1>, tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>)
func.func @tensor_scatter(%past: tensor<2x3x4x5xf32>, %new: tensor<2x3x2x5xf32>, %at: tensor<2xi64>) -> !onnx.value {
  %y = onnx.node "TensorScatter" domain "" since 24 (%past, %new, %at) {}
    : (tensor<2x3x4x5xf32>, tensor<2x3x2x5xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}
