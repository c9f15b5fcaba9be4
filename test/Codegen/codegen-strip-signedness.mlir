// RUN: tilewright-opt %s --codegen-strip-signedness | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<2xi8>) -> tensor<2xi8>
// CHECK: %[[C:.*]] = arith.constant dense<[1, -1]> : tensor<2xi8>
// CHECK: ^bb0(%[[A:.*]]: i8, %[[B:.*]]: i8, %{{.*}}: i8):
// CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[A]], %[[B]] : i8
// CHECK-NEXT: linalg.yield %[[SUM]] : i8
func.func @main(%x: tensor<2xui8>) -> tensor<2xui8> {
  %c = arith.constant dense<[1, 255]> : tensor<2xui8>
  %e = tensor.empty() : tensor<2xui8>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                       iterator_types = ["parallel"]} ins(%x, %c : tensor<2xui8>, tensor<2xui8>) outs(%e : tensor<2xui8>) {
  ^bb0(%a: ui8, %b: ui8, %o: ui8):
    %p = builtin.unrealized_conversion_cast %a : ui8 to i8
    %q = builtin.unrealized_conversion_cast %b : ui8 to i8
    %s = arith.addi %p, %q : i8
    %r = builtin.unrealized_conversion_cast %s : i8 to ui8
    linalg.yield %r : ui8
  } -> tensor<2xui8>
  return %0 : tensor<2xui8>
}
