// Every second column, or one of several channels, as an operand of products, epilogues and attention.
func.func @main(%a: tensor<?x128xf32> {xf.name = "a", xf.dims = ["m", ""]}, %b: tensor<64x40x3xf32> {xf.name = "b", xf.dims = ["", "", ""]},
                %c: tensor<?x80xf32> {xf.name = "c", xf.dims = ["m", ""]}, %q: tensor<1x4x?x32xf32> {xf.name = "q", xf.dims = ["", "", "m", ""]},
                %k: tensor<1x2x?x64xf32> {xf.name = "k", xf.dims = ["", "", "t", ""]}, %mask: tensor<?x?x2xf32> {xf.name = "mask", xf.dims = ["m", "t", ""]})
    -> (tensor<?x40xf32> {xf.name = "x", xf.dims = ["m", ""]}, tensor<?x?xf32> {xf.name = "y", xf.dims = ["m", "m"]},
        tensor<1x4x?x32xf32> {xf.name = "z", xf.dims = ["", "", "m", ""]}) {
  %m = xf.dim "m"
  %t = xf.dim "t"
  %a2 = tensor.extract_slice %a[0, 1] [%m, 64] [1, 2] : tensor<?x128xf32> to tensor<?x64xf32>
  %b2 = tensor.extract_slice %b[0, 0, 1] [64, 40, 1] [1, 1, 1] : tensor<64x40x3xf32> to tensor<64x40xf32>
  %c2 = tensor.extract_slice %c[0, 1] [%m, 40] [1, 2] : tensor<?x80xf32> to tensor<?x40xf32>
  %s = xf.matmul %a2, %b2 : (tensor<?x64xf32>, tensor<64x40xf32>) -> tensor<?x40xf32>
  %x = xf.binary add %s, %c2 : (tensor<?x40xf32>, tensor<?x40xf32>) -> tensor<?x40xf32>
  %y = xf.matmul %a2, %a2 transpose_rhs : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x?xf32>
  %k2 = tensor.extract_slice %k[0, 0, 0, 0] [1, 2, %t, 32] [1, 1, 1, 2] : tensor<1x2x?x64xf32> to tensor<1x2x?x32xf32>
  %v2 = tensor.extract_slice %k[0, 0, 0, 1] [1, 2, %t, 32] [1, 1, 1, 2] : tensor<1x2x?x64xf32> to tensor<1x2x?x32xf32>
  %mask2 = tensor.extract_slice %mask[0, 0, 1] [%m, %t, 1] [1, 1, 1] : tensor<?x?x2xf32> to tensor<?x?xf32>
  %z = xf.attention %q, %k2, %v2 mask(%mask2) scale 0.25 : (tensor<1x4x?x32xf32>, tensor<1x2x?x32xf32>, tensor<1x2x?x32xf32>, tensor<?x?xf32>) -> tensor<1x4x?x32xf32>
  return %x, %y, %z : tensor<?x40xf32>, tensor<?x?xf32>, tensor<1x4x?x32xf32>
}
