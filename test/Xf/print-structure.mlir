// RUN: tilewright-opt %s --xf-print-structure -o /dev/null | FileCheck %s

xf.weight_data @first : tensor<2x2xf32> from #xf.source<"m", 0, 16, raw>
xf.weight_data @second : tensor<2x2xf32> from #xf.source<"m", 16, 16, raw>
xf.weight_data @sum : tensor<2x2xf32> init {
  %0 = xf.weight @second : tensor<2x2xf32>
  %1 = xf.unary neg %0 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  xf.yield %1 : tensor<2x2xf32>
}

// Numbers follow the data flow from the result; unread ops do not appear.
// CHECK: function (tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: #0 = xf.weight() file 0 : tensor<2x2xf32>
// CHECK-NEXT: #1 = xf.unary(#0) {kind = #xf<unary_kind neg>} : tensor<2x2xf32>
// CHECK-NEXT: #2 = xf.weight() #1 : tensor<2x2xf32>
// CHECK-NEXT: #3 = xf.matmul(%x, #2) : tensor<2x2xf32>
// CHECK-NEXT: #4 = xf.weight() file 1 : tensor<2x2xf32>
// CHECK-NEXT: #5 = xf.binary(#3, #4) {kind = #xf<binary_kind add>} : tensor<2x2xf32>
// CHECK-NEXT: return #5
func.func @main(%x: tensor<2x2xf32> {xf.name = "x"}) -> tensor<2x2xf32> {
  %a = xf.weight @first : tensor<2x2xf32>
  %unread = xf.unary exp %a : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %w = xf.weight @sum : tensor<2x2xf32>
  %y = xf.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = xf.binary add %y, %a : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}
