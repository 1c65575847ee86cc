"""What the comparison scripts share: building a C program against the build folder, the machine and its limits, medians."""
import json
import os
import platform
import re
import statistics
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.path.join(ROOT, "..", "shared", "peers")
INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "i8mm")


def build_program(source, build):
    """Compiles one C file against the libraries in `build`, with the flags that CMake uses there; gives the program's path."""
    libraries = sorted(f for f in os.listdir(build) if re.fullmatch(r"lib(core|kernels|io|tokenizer|data|model|train|infer)\.a", f))
    packages = subprocess.run(["pkg-config", "--cflags", "--libs", "libcjson", "libsodium", "libutf8proc", "hdf5"],
                              stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    with open(os.path.join(build, "CMakeCache.txt")) as f:
        blas = re.search(r"^OPENBLAS_LIBRARY:FILEPATH=(.*)$", f.read(), re.M).group(1)
    out = os.path.join(build, os.path.splitext(os.path.basename(source))[0])
    command = ["cc", "-std=c11", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-I" + ROOT, source, "-o", out, "-Wl,--start-group",
               *(os.path.join(build, f) for f in libraries), "-Wl,--end-group", blas, "-Wl,-rpath," + os.path.dirname(blas),
               *packages, "-fopenmp", "-lpthread", "-lm"]
    subprocess.run(command, check=True)
    return out


def run_json(command, env=None):
    """The last line of standard output, as JSON."""
    r = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    if r.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{r.stderr[-2000:]}")
    return json.loads(r.stdout.strip().splitlines()[-1])


def machine():
    text = open("/proc/cpuinfo").read()
    flags = set(re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.M).group(1).split())
    field = lambda name: (re.search(rf"^{name}\s*:\s*(.*)$", text, re.M) or [None, "?"])[1]
    return {"cpu": field("model name"), "family": field("cpu family"), "model": field("model"), "cores": os.cpu_count(),
            "instructions": [i for i in INSTRUCTIONS if i in flags], "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
            "system": platform.release(), "load_before": os.getloadavg()[0]}


def limits(peers=PEERS, threads=2):
    """GFLOP/s of a loop of fused multiply-adds, GB/s of a triad and of reading, on all threads."""
    with tempfile.TemporaryDirectory() as d:
        for name, flags in (("fma_peak", ["-O2", "-pthread"]), ("stream", ["-O3", "-fopenmp"])):
            subprocess.run(["cc", "-w", "-march=native", *flags, os.path.join(peers, name + ".c"), "-o", os.path.join(d, name)], check=True)
        fma = subprocess.run([os.path.join(d, "fma_peak"), str(threads)], stdout=subprocess.PIPE, check=True, text=True).stdout
        mem = subprocess.run([os.path.join(d, "stream")], stdout=subprocess.PIPE, check=True, text=True, env={**os.environ, "OMP_NUM_THREADS": str(threads)}).stdout
    rate = lambda row: float(re.search(rf"^{row}\s+GB/s med ([\d.]+)", mem, re.M).group(1))
    return {"fma_gflops": float(re.search(r"fma_gflops=([\d.]+)", fma).group(1)), "triad_gb_s": rate("triad"), "read_gb_s": rate("read_sum")}


def median(values):
    return statistics.median(values)


def spread(values, digits=0):
    """'median (least - most)'"""
    show = lambda v: f"{v:.{digits}f}"
    return f"{show(median(values))} ({show(min(values))} - {show(max(values))})"


def table(head, rows):
    """Markdown, columns aligned."""
    cells = [[str(c) for c in r] for r in [head, *rows]]
    width = [max(len(r[i]) for r in cells) for i in range(len(head))]
    line = lambda r: "| " + " | ".join(c.ljust(w) for c, w in zip(r, width)) + " |"
    return "\n".join([line(cells[0]), "| " + " | ".join("-" * w for w in width) + " |", *map(line, cells[1:])])
