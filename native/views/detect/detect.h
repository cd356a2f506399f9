// The detectors: each looks for one kind of surrounding that an original was put into, and adds views of what is left.
// Views come in the order of how sure they are; a detector adds at most as many as it says.
#pragma once
#include "../working_copy/working_copy.h"
#include "../working_copy/half_resolution.h"
#include "../geometry/view.h"

namespace empreinte {

// The share of pixels in the fullest of the 16³ colour cells, 0 … 1. Text screens, charts and title cards have 0.8 and
// more; such a picture is neither zoomed nor aligned.
float flatness(const HalfResolution& half);

// Uniform, textured and gradient borders, letterboxes and caption bars, peeled until nothing changes. At most 5.
emp_status find_trims(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// DistinctFrames inside an interface: what is left when the background is taken away, peeled again. At most 4.
emp_status find_components(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// Rectangles between long straight edges: picture in picture, insets. At most 8.
emp_status find_rectangles(const WorkingCopy& copy, const HalfResolution& half, Views& out);
// Quadrilaterals of any angle: turned canvases, photos of a screen. At most 5.
emp_status find_quadrilaterals(const WorkingCopy& copy, const HalfResolution& half, Views& out);

}  // namespace empreinte
