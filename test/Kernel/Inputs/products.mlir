func.func @main(%q: tensor<?x?x4x24xf32> {xf.name = "q", xf.dims = ["b", "s", "", ""]}, %k: tensor<?x?x4x24xf32> {xf.name = "k", xf.dims = ["b", "t", "", ""]},
                %v: tensor<?x4x?x24xf32> {xf.name = "v", xf.dims = ["b", "", "t", ""]}, %w: tensor<?x24xf32> {xf.name = "w", xf.dims = ["t", ""]})
    -> (tensor<?x4x?x24xf32> {xf.name = "y", xf.dims = ["b", "", "s", ""]}, tensor<?x4x?x24xf32> {xf.name = "z", xf.dims = ["b", "", "s", ""]}) {
  %qt = xf.transpose %q perm [0, 2, 1, 3] : (tensor<?x?x4x24xf32>) -> tensor<?x4x?x24xf32>
  %kt = xf.transpose %k perm [0, 2, 1, 3] : (tensor<?x?x4x24xf32>) -> tensor<?x4x?x24xf32>
  %s = xf.matmul %qt, %kt transpose_rhs : (tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>) -> tensor<?x4x?x?xf32>
  %p = xf.binary mul %s, %s : (tensor<?x4x?x?xf32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %y = xf.matmul %p, %v : (tensor<?x4x?x?xf32>, tensor<?x4x?x24xf32>) -> tensor<?x4x?x24xf32>
  %z = xf.matmul %p, %w : (tensor<?x4x?x?xf32>, tensor<?x24xf32>) -> tensor<?x4x?x24xf32>
  return %y, %z : tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>
}
