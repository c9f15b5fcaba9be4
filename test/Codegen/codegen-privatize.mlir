// RUN: tilewright-opt %s --codegen-privatize | FileCheck %s

// Two statistics do not share a buffer, and the exponentials are computed in the row of the result.
// CHECK-LABEL: func.func @softmax
// CHECK:         %[[OUT:.*]] = tensor.extract_slice %{{.*}}[%{{.*}}, 0] [1, 64]
// CHECK:         %[[EXP:.*]] = linalg.generic {{.*}} outs(%[[OUT]]
// CHECK:         %[[E1:.*]] = tensor.empty() : tensor<1xf32>
// CHECK:         %[[E2:.*]] = tensor.empty() : tensor<1xf32>
// CHECK:         linalg.generic {{.*}} ins(%[[EXP]]{{.*}} outs(%[[EXP]]
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#i = affine_map<(i) -> (i)>
func.func @softmax(%x: tensor<?x64xf32>, %n: index) -> tensor<?x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %y = scf.forall (%k) in (%n) shared_outs(%o = %e) -> (tensor<?x64xf32>) {
    %in = tensor.extract_slice %x[%k, 0] [1, 64] [1, 1] : tensor<?x64xf32> to tensor<1x64xf32>
    %buffer = tensor.empty() : tensor<1x64xf32>
    %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%in : tensor<1x64xf32>) outs(%buffer : tensor<1x64xf32>) {
      ^bb0(%p: f32, %q: f32):
        %0 = math.exp %p : f32
        linalg.yield %0 : f32 } -> tensor<1x64xf32>
    %er = tensor.empty() : tensor<1xf32>
    %z = linalg.fill ins(%zero : f32) outs(%er : tensor<1xf32>) -> tensor<1xf32>
    %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<1x64xf32>) outs(%z : tensor<1xf32>) {
      ^bb0(%p: f32, %q: f32):
        %0 = arith.addf %p, %q : f32
        linalg.yield %0 : f32 } -> tensor<1xf32>
    %inverse = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]}
      ins(%sum : tensor<1xf32>) outs(%er : tensor<1xf32>) {
      ^bb0(%p: f32, %q: f32):
        %0 = math.rsqrt %p : f32
        linalg.yield %0 : f32 } -> tensor<1xf32>
    %out = tensor.extract_slice %o[%k, 0] [1, 64] [1, 1] : tensor<?x64xf32> to tensor<1x64xf32>
    %scaled = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %inverse : tensor<1x64xf32>, tensor<1xf32>) outs(%out : tensor<1x64xf32>) {
      ^bb0(%p: f32, %q: f32, %r: f32):
        %0 = arith.mulf %p, %q : f32
        linalg.yield %0 : f32 } -> tensor<1x64xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %scaled into %o[%k, 0] [1, 64] [1, 1] : tensor<1x64xf32> into tensor<?x64xf32>
    }
  }
  return %y : tensor<?x64xf32>
}
