"""OpenCV's SIFT on images like those of bench.cc: processor time of one thread.

    sift.py IMAGES RUNS
"""
import sys
import time

import cv2
import numpy

images, runs = int(sys.argv[1]), int(sys.argv[2])
cv2.setNumThreads(1)


def scene(seed, width, height):
    """Blots of all sizes over a slope."""
    random = numpy.random.default_rng(seed)
    image = numpy.add.outer(numpy.linspace(60, 110, height), numpy.linspace(0, 70, width)).astype(numpy.uint8)
    for _ in range(320):
        axes = [2 + int(random.integers(0, max(3, width // (4 + int(random.integers(0, 40)))))) for _ in range(2)]
        centre = (int(random.integers(0, width)), int(random.integers(0, height)))
        angle, grey = int(random.integers(0, 180)), int(random.integers(0, 256))
        cv2.ellipse(image, centre, tuple(axes), angle, 0, 360, grey, -1)
    return image


def measure(name, side, points):
    sift = cv2.SIFT_create(nfeatures=points)
    spent, found = [], []
    for seed in range(images):
        image = scene(seed + 1, side, side * 3 // 4)
        best = None
        for _ in range(runs):
            start = time.thread_time()
            places, _ = sift.detectAndCompute(image, None)
            took = (time.thread_time() - start) * 1000
            best = took if best is None else min(best, took)
        spent.append(best)
        found.append(len(places))
    print(f"OpenCV {cv2.__version__} SIFT, {name}: {numpy.mean(spent):.1f} ms, {numpy.mean(found):.0f} points")


measure("512 pixels", 512, 200)
measure("1,024 pixels", 1024, 1000)
