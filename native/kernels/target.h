// A region of code compiled for a newer processor than the rest of the file. Everything inside must have internal
// linkage.
#pragma once

#define EMPREINTE_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define EMPREINTE_TARGET_BEGIN(features) \
  EMPREINTE_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define EMPREINTE_TARGET_END EMPREINTE_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define EMPREINTE_TARGET_BEGIN(features) EMPREINTE_PRAGMA(GCC push_options) EMPREINTE_PRAGMA(GCC target(features))
#define EMPREINTE_TARGET_END EMPREINTE_PRAGMA(GCC pop_options)
#else
#define EMPREINTE_TARGET_BEGIN(features)
#define EMPREINTE_TARGET_END
#endif
