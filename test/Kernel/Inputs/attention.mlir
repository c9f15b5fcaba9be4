func.func @main(%q: tensor<?x?x12x64xf32> {xf.name = "q", xf.dims = ["batch", "seq", "", ""]}, %k: tensor<?x?x12x64xf32> {xf.name = "k", xf.dims = ["batch", "seq", "", ""]}, %v: tensor<?x?x12x64xf32> {xf.name = "v", xf.dims = ["batch", "seq", "", ""]}) -> (tensor<?x?x12x64xf32> {xf.name = "y", xf.dims = ["batch", "seq", "", ""]}) {
  %qt = xf.transpose %q perm [0, 2, 1, 3] : (tensor<?x?x12x64xf32>) -> tensor<?x12x?x64xf32>
  %kt = xf.transpose %k perm [0, 2, 1, 3] : (tensor<?x?x12x64xf32>) -> tensor<?x12x?x64xf32>
  %vt = xf.transpose %v perm [0, 2, 1, 3] : (tensor<?x?x12x64xf32>) -> tensor<?x12x?x64xf32>
  %r = xf.attention %qt, %kt, %vt scale 0.125 : (tensor<?x12x?x64xf32>, tensor<?x12x?x64xf32>, tensor<?x12x?x64xf32>) -> tensor<?x12x?x64xf32>
  %y = xf.transpose %r perm [0, 2, 1, 3] : (tensor<?x12x?x64xf32>) -> tensor<?x?x12x64xf32>
  return %y : tensor<?x?x12x64xf32>
}
