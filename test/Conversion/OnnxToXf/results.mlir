// RUN: not tilewright-opt --convert-onnx-to-xf %s 2>&1 | FileCheck %s

// CHECK: error: 'func.return' op expects a tensor as output 1, got 'index'
func.func @main(%x: tensor<2xf32>) -> (tensor<2xf32>, index) {
  %n = arith.constant 2 : index
  return %x, %n : tensor<2xf32>, index
}
