func.func @main(%x: tensor<?x2xf32> {xf.name = "x", xf.dims = ["n", ""]}) -> (tensor<?x2xf32> {xf.name = "y", xf.dims = ["n", ""]}) {
  %0 = xf.binary add %x, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
