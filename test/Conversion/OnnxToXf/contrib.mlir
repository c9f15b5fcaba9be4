// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// The past of a single row is full; positions without ids go on from it; the window of com.microsoft counts the diagonal, ours does not.
// CHECK-LABEL: func.func @group_query_attention
// CHECK-DAG: %[[P:.*]] = xf.dim "past"
// CHECK-DAG: %[[S:.*]] = xf.dim "s"
// CHECK: xf.iota from %[[P]] size %[[S]]
// CHECK: %[[Q:.*]] = xf.rope %{{.*}} : (tensor<1x4x?x8xf32>, tensor<1x?x4xf32>, tensor<1x?x4xf32>)
// CHECK: %[[F:.*]] = xf.rope %{{.*}} : (tensor<1x2x?x8xf32>,
// CHECK: %[[K:.*]] = tensor.concat dim(2) %arg3, %[[F]]
// CHECK: xf.attention %[[Q]], %[[K]], %{{.*}} offset(%[[P]]) kv_lengths(%{{.*}}) scale 0.353553{{[0-9]*}} causal {window = 15 : i64}
func.func @group_query_attention(%q: tensor<1x?x32xf32> {xf.name = "q", xf.dims = ["", "s", ""]},
                                 %k: tensor<1x?x16xf32> {xf.name = "k", xf.dims = ["", "s", ""]},
                                 %v: tensor<1x?x16xf32> {xf.name = "v", xf.dims = ["", "s", ""]},
                                 %pk: tensor<1x2x?x8xf32> {xf.name = "pk", xf.dims = ["", "", "past", ""]},
                                 %pv: tensor<1x2x?x8xf32> {xf.name = "pv", xf.dims = ["", "", "past", ""]},
                                 %n: tensor<1xi32>, %total: tensor<i32>,
                                 %c: tensor<64x4xf32>, %s: tensor<64x4xf32>) -> !onnx.value {
  %y:3 = onnx.node "GroupQueryAttention" domain "com.microsoft" since 1 (%q, %k, %v, %pk, %pv, %n, %total, %c, %s)
    {num_heads = 4 : i64, kv_num_heads = 2 : i64, do_rotary = 1 : i64, local_window_size = 16 : i64}
    : (tensor<1x?x32xf32>, tensor<1x?x16xf32>, tensor<1x?x16xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1xi32>,
       tensor<i32>, tensor<64x4xf32>, tensor<64x4xf32>) -> (!onnx.value, !onnx.value, !onnx.value)
  return %y#0 : !onnx.value
}

// -----

// Rows of their own length: each writes its new keys behind what counts of its past, and sees no further.
// CHECK-LABEL: func.func @rows
// CHECK-DAG: %[[P:.*]] = xf.dim "past"
// CHECK-DAG: %[[S:.*]] = xf.dim "s"
// CHECK: %[[START:.*]] = xf.binary {{ ?}}max
// CHECK: tensor.pad %{{.*}} low[0, 0, 0, 0] high[0, 0, %[[S]], 0]
// CHECK: %[[M:.*]] = xf.compare {{ ?}}le %{{.*}} -> tensor<?x1x?x?xi1>
// CHECK: xf.attention %{{.*}} mask(%[[M]]) offset(%[[P]]) kv_lengths(%{{.*}}) scale 0.353553{{[0-9]*}} causal :
func.func @rows(%q: tensor<?x?x64xf32> {xf.name = "q", xf.dims = ["b", "s", ""]},
                %pk: tensor<?x2x?x8xf32> {xf.name = "pk", xf.dims = ["b", "", "past", ""]},
                %pv: tensor<?x2x?x8xf32> {xf.name = "pv", xf.dims = ["b", "", "past", ""]},
                %n: tensor<?xi32> {xf.name = "n", xf.dims = ["b"]}, %total: tensor<i32>) -> !onnx.value {
  %none = onnx.absent
  %y:3 = onnx.node "GroupQueryAttention" domain "com.microsoft" since 1 (%q, %none, %none, %pk, %pv, %n, %total)
    {num_heads = 4 : i64, kv_num_heads = 2 : i64}
    : (tensor<?x?x64xf32>, none, none, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>, tensor<?xi32>, tensor<i32>)
    -> (!onnx.value, !onnx.value, !onnx.value)
  return %y#0 : !onnx.value
}

// -----

// A present as long as the past is the same buffer.
// CHECK-LABEL: func.func @shared_buffer
// CHECK-NOT: tensor.pad
// CHECK: %[[K:.*]] = xf.select %{{.*}}, %{{.*}}, %arg1 : {{.*}} -> tensor<?x2x32x8xf32>
// CHECK: xf.attention %{{.*}}, %[[K]], %{{.*}} mask(
func.func @shared_buffer(%q: tensor<?x?x64xf32> {xf.name = "q", xf.dims = ["b", "s", ""]},
                         %pk: tensor<?x2x32x8xf32> {xf.name = "pk", xf.dims = ["b", "", "", ""]},
                         %pv: tensor<?x2x32x8xf32> {xf.name = "pv", xf.dims = ["b", "", "", ""]},
                         %n: tensor<?xi32> {xf.name = "n", xf.dims = ["b"]}, %total: tensor<i32>)
    -> (!onnx.value, tensor<?x2x32x8xf32>) {
  %none = onnx.absent
  %y:3 = onnx.node "GroupQueryAttention" domain "com.microsoft" since 1 (%q, %none, %none, %pk, %pv, %n, %total)
    {num_heads = 4 : i64, kv_num_heads = 2 : i64}
    : (tensor<?x?x64xf32>, none, none, tensor<?x2x32x8xf32>, tensor<?x2x32x8xf32>, tensor<?xi32>, tensor<i32>)
    -> (!onnx.value, tensor<?x2x32x8xf32>, !onnx.value)
  return %y#0, %y#1 : !onnx.value, tensor<?x2x32x8xf32>
}

// -----

// One bias for query, key and value; a mask of 0 and 1 adds mask_filter_value where it is 0.
// CHECK-LABEL: func.func @multi_head_attention
// CHECK: tensor.extract_slice %arg3[0] [16] [1]
// CHECK: tensor.extract_slice %arg3[16] [16] [1]
// CHECK: tensor.extract_slice %arg3[32] [16] [1]
// CHECK-DAG: arith.constant dense<-1.000000e+04> : tensor<f32>
// CHECK: %[[M:.*]] = xf.select %{{.*}} : (tensor<2x1x1x5xi1>, tensor<f32>, tensor<f32>) -> tensor<2x1x1x5xf32>
// CHECK: xf.attention %{{.*}} mask(%[[M]])
func.func @multi_head_attention(%q: tensor<2x3x16xf32>, %k: tensor<2x5x16xf32>, %v: tensor<2x5x16xf32>, %bias: tensor<48xf32>,
                                %mask: tensor<2x5xi32>) -> !onnx.value {
  %y = onnx.node "MultiHeadAttention" domain "com.microsoft" since 1 (%q, %k, %v, %bias, %mask) {num_heads = 2 : i64}
    : (tensor<2x3x16xf32>, tensor<2x5x16xf32>, tensor<2x5x16xf32>, tensor<48xf32>, tensor<2x5xi32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @attention
// CHECK: %[[P:.*]] = xf.matmul %arg0, %arg1
// CHECK: %[[B:.*]] = xf.binary {{ ?}}add %[[P]], %arg2
// CHECK: tensor.extract_slice %[[B]][0, 0, 16]
// CHECK: xf.attention %{{.*}} causal
func.func @attention(%x: tensor<2x3x16xf32>, %w: tensor<16x48xf32>, %bias: tensor<48xf32>) -> !onnx.value {
  %y = onnx.node "Attention" domain "com.microsoft" since 1 (%x, %w, %bias) {num_heads = 2 : i64, unidirectional = 1 : i64}
    : (tensor<2x3x16xf32>, tensor<16x48xf32>, tensor<48xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// CHECK-LABEL: func.func @bias_gelu
// CHECK: %[[S:.*]] = xf.binary {{ ?}}add %arg0, %arg1
// CHECK: xf.unary {{ ?}}gelu_tanh %[[S]]
func.func @bias_gelu(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> !onnx.value {
  %y = onnx.node "FastGelu" domain "com.microsoft" since 1 (%x, %b) {} : (tensor<2x4xf32>, tensor<4xf32>) -> !onnx.value
  return %y : !onnx.value
}
