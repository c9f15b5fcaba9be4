// Carrier of the precompiled header; see TilewrightBuild.cmake.
