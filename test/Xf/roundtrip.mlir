// RUN: tilewright-opt %s | tilewright-opt | FileCheck %s

// CHECK: xf.weight_data @w : tensor<768x3072xf32> from <"model.onnx", 4096, 9437184, raw>
xf.weight_data @w : tensor<768x3072xf32> from #xf.source<"model.onnx", 4096, 9437184, raw>
// CHECK-LABEL: xf.weight_data @w_t : tensor<3072x768xf32> init
xf.weight_data @w_t : tensor<3072x768xf32> init {
  %0 = xf.weight @w : tensor<768x3072xf32>
  %1 = xf.transpose %0 perm [1, 0] : (tensor<768x3072xf32>) -> tensor<3072x768xf32>
  xf.yield %1 : tensor<3072x768xf32>
}

// CHECK-LABEL: func @main
func.func @main(%x: tensor<?x?x768xf32> {xf.name = "x", xf.dims = ["batch", "seq", ""]}) -> (tensor<?x16x12xf32> {xf.name = "y"}) {
  // CHECK: %[[W:.*]] = xf.weight @w
  %w = xf.weight @w : tensor<768x3072xf32>
  // CHECK: xf.matmul %{{.*}}, %[[W]]
  %0 = xf.matmul %x, %w : (tensor<?x?x768xf32>, tensor<768x3072xf32>) -> tensor<?x?x3072xf32>
  // CHECK: xf.unary gelu_erf
  %1 = xf.unary gelu_erf %0 : (tensor<?x?x3072xf32>) -> tensor<?x?x3072xf32>
  // CHECK: %[[B:.*]] = xf.dim "batch"
  %b = xf.dim "batch"
  // CHECK: xf.reshape %{{.*}} to [%[[B]], 16, 12]
  %2 = xf.reshape %1 to [%b, 16, 12] : tensor<?x?x3072xf32> -> tensor<?x16x12xf32>
  return %2 : tensor<?x16x12xf32>
}
