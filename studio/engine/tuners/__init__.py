"""Methods of our own, registered in PEFT when this package is imported: one file is one method."""

import studio.engine.tuners.adapter
import studio.engine.tuners.bitfit
import studio.engine.tuners.mam
import studio.engine.tuners.unipelt  # noqa: F401
