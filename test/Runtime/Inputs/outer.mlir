func.func @main(%x: tensor<?xf32> {xf.name = "x", xf.dims = ["n"]}) -> (tensor<?xf32> {xf.name = "y", xf.dims = ["n"]}) {
  %i = xf.dim "n"
  %a = tensor.expand_shape %x [[0, 1]] output_shape [%i, 1] : tensor<?xf32> into tensor<?x1xf32>
  %b = tensor.expand_shape %x [[0, 1]] output_shape [1, %i] : tensor<?xf32> into tensor<1x?xf32>
  %p = xf.matmul %a, %b : (tensor<?x1xf32>, tensor<1x?xf32>) -> tensor<?x?xf32>
  %q = xf.matmul %p, %a : (tensor<?x?xf32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %y = tensor.collapse_shape %q [[0, 1]] : tensor<?x1xf32> into tensor<?xf32>
  return %y : tensor<?xf32>
}
