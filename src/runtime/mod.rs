//! DOOR processes: the sandbox a pod's processes run in.
