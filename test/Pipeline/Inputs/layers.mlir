xf.weight_data @w : tensor<5x48x48xf32> from #xf.source<"layers.bin", 0, 46080, raw>
func.func @main(%x: tensor<?x48xf32> {xf.name = "x", xf.dims = ["n", ""]}) -> (tensor<?x48xf32> {xf.name = "y", xf.dims = ["n", ""]}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %l = %c0 to %c5 step %c1 iter_args(%h = %x) -> (tensor<?x48xf32>) {
    %w = xf.weight @w[%l] : tensor<48x48xf32>
    %m = xf.matmul %h, %w : (tensor<?x48xf32>, tensor<48x48xf32>) -> tensor<?x48xf32>
    %t = xf.unary tanh %m : (tensor<?x48xf32>) -> tensor<?x48xf32>
    %s = xf.binary add %h, %t : (tensor<?x48xf32>, tensor<?x48xf32>) -> tensor<?x48xf32>
    scf.yield %s : tensor<?x48xf32>
  }
  return %r : tensor<?x48xf32>
}
