{
  "targets": [
    {
      "target_name": "empreinte",
      "sources": [
        "native/status.cc",
        "native/hash/certificate.cc",
        "native/hash/dihedral.cc",
        "native/hash/distance.cc",
        "native/hash/median.cc",
        "native/hash/nearest512.cc",
        "native/hash/pdq.cc",
        "native/hash/repack.cc",
        "native/kernels/cpu.cc",
        "native/kernels/dispatch.cc",
        "native/kernels/portable.cc",
        "native/lists/degenerate.cc",
        "native/lists/hash_text.cc",
        "native/lists/list_reader.cc",
        "native/search/build.cc",
        "native/search/file.cc",
        "native/search/index.cc",
        "native/search/join.cc",
        "native/search/layout.cc",
        "native/search/maintain.cc",
        "native/search/multi_index.cc",
        "native/search/region.cc",
        "native/search/save.cc",
        "native/search/searcher.cc",
        "native/search/tombstones.cc",
        "native/search/version.cc",
        "native/variants/flatness.cc",
        "native/variants/hough.cc",
        "native/variants/parts.cc",
        "native/variants/quadrilaterals.cc",
        "native/variants/rectangles.cc",
        "native/variants/refine.cc",
        "native/variants/sketch.cc",
        "native/variants/straight_lines.cc",
        "native/variants/tilt.cc",
        "native/variants/trims.cc",
        "native/video/alignment.cc",
        "native/video/chain.cc",
        "native/video/decision.cc",
        "native/video/evidence.cc",
        "native/video/extent.cc",
        "native/video/line.cc",
        "native/video/points.cc",
        "bindings/node/folder_lock.cc",
        "bindings/node/hash.cc",
        "bindings/node/index.cc",
        "bindings/node/job.cc",
        "bindings/node/lists.cc",
        "bindings/node/mapping.cc",
        "bindings/node/module.cc",
        "bindings/node/search.cc",
        "bindings/node/values.cc",
        "bindings/node/video.cc"
      ],
      "include_dirs": ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags_cc": ["-std=c++20", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off"]
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++20", "/fp:precise"] }
      },
      "conditions": [
        ["target_arch=='x64'", { "sources": ["native/kernels/x86_avx2.cc", "native/kernels/x86_avx512.cc"] }],
        ["target_arch=='arm64'", { "sources": ["native/kernels/arm_neon.cc"] }]
      ]
    }
  ]
}
