// The detectors. Each finds one kind of surrounding and adds views of what is inside it. The surest views come first,
// and each detector adds a limited number.
#pragma once
#include "../working_copy/working_copy.h"
#include "../working_copy/half_resolution.h"
#include "../geometry/view.h"

namespace empreinte {

// Returns the share of pixels in the most frequent of 16³ colour cells, 0 … 1. Text screens, charts and title cards
// have 0.8 and more; such an image is neither zoomed nor aligned.
float flatness(const HalfResolution& half);
// The same for interleaved colours.
float flatness_of(const uint8_t* rgb, uint32_t width, uint32_t height);

// Finds uniform, textured and gradient borders, letterboxes and caption bars, peeled until nothing changes. At most 5.
emp_status find_trims(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// Finds images inside a user interface: what is left without the background, peeled again. At most 8.
emp_status find_components(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// Finds rectangles between long straight edges: picture in picture, and insets. At most 8.
emp_status find_rectangles(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// Finds quadrilaterals of any angle: rotated canvases, and photos of a screen. At most 5.
emp_status find_quadrilaterals(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// Finds frames of nearly the colour that the image has at its own edges, around the image and in the components that
// `out` has already. At most 36.
emp_status find_faint_frames(const WorkingCopy& copy, const HalfResolution& half, Views& out);

}  // namespace empreinte
