# Two commands: `make lab` opens the lessons, `make test` checks everything.
# All paths are relative, so that a folder with a space in its name works. GNU make 3.81 is enough.

# Which Python makes .venv: the first of these that runs and is new enough, or PYTHON=...
CANDIDATES = $(if $(PYTHON),"$(patsubst ~/%,$(HOME)/%,$(PYTHON))",python3 python3.13 python3.12 python3.11)

VENV_PYTHON = .venv/bin/python
# The stamps lie in .venv and hold the folder's name: a folder that was moved is installed again.
READY = .venv/.ready
READY_TO_TEST = .venv/.ready-to-test
READY_FOR_SITE = .venv/.ready-for-site
moved := $(shell [ "$$(cat .venv/.ready 2>/dev/null)" = "$$(pwd)" ] || echo moved)

export PIP_DISABLE_PIP_VERSION_CHECK = 1

# `jupyter nbconvert` options: no widgets, no times, and the same metadata on every machine.
EXECUTE = --to notebook --execute --log-level WARN --output-dir .venv/executed \
  --ExecutePreprocessor.timeout=-1 \
  --ExecutePreprocessor.store_widget_state=False \
  --ExecutePreprocessor.record_timing=False \
  '--Exporter.preprocessors=["web.stored_outputs.WithoutWidgetViews"]' \
  --ClearMetadataPreprocessor.enabled=True \
  '--ClearMetadataPreprocessor.preserve_cell_metadata_mask={"tags","jupyter"}' \
  '--ClearMetadataPreprocessor.preserve_nb_metadata_mask={"kernelspec","lenet_course",("language_info","name")}'

.PHONY: help env lab test test-long notebooks site bench lint moved

help:
	@echo 'make env        create .venv and install the course (once; a second call does nothing)'
	@echo 'make lab        open the lessons in JupyterLab          LAB_ARGS="--port 9999"'
	@echo 'make test       run all tests                           TEST_ARGS="-k data"'
	@echo 'make test-long  run the lessons on the data that make test leaves out'
	@echo 'make notebooks  run all lessons again on the real data sets and store their outputs'
	@echo 'make site       write a copy of all lessons for the web, and for taking home, into _site/'
	@echo 'make bench      time the training against that of d2l; about ten minutes'
	@echo 'make lint       check the style of the code'
	@echo 'PYTHON=/path/to/python3.12 chooses the Python that .venv is made with.'

env: $(READY)

# An editable install copies what JupyterLab loads, so that a change there is installed again.
LABEXTENSION = $(wildcard lenet_helpers/labextension/* lenet_helpers/labextension/*/* lenet_helpers/labextension/*/*/*)

$(READY): pyproject.toml constraints.txt $(LABEXTENSION) $(moved)
	@good='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	if ! $(VENV_PYTHON) -c "import pip; $$good" 2>/dev/null; then \
	  found=; chosen=; \
	  for python in $(CANDIDATES); do \
	    version=$$("$$python" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue; \
	    if "$$python" -c "$$good" 2>/dev/null; then chosen=$$python; break; fi; \
	    case $$version in 3.11.*|3.12.*|3.13.*) version="$$version without venv and ensurepip" ;; esac; \
	    found="$$found$${found:+, }$$python = $$version"; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "Python 3.11, 3.12 or 3.13 is needed (with venv; Debian and Ubuntu: apt install python3-venv), found $${found:-none}: install one, or name it: make env PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	  fi; \
	  echo "Creating .venv with $$chosen ($$version)"; \
	  "$$chosen" -m venv --clear .venv || exit 1; \
	fi
	@rm -f $(READY) $(READY_TO_TEST) $(READY_FOR_SITE)
	@echo 'Installing, once: on Linux about 3.2 GB to download, elsewhere about 0.3 GB.'
	$(VENV_PYTHON) -m pip install -c constraints.txt -e .
	@pwd > $(READY)

$(READY_TO_TEST): $(READY)
	$(VENV_PYTHON) -m pip install -c constraints.txt -e '.[test]'
	@touch $(READY_TO_TEST)

$(READY_FOR_SITE): $(READY)
	$(VENV_PYTHON) -m pip install -c constraints.txt -e '.[site]'
	@touch $(READY_FOR_SITE)

# The address is the lesson's own: where no browser opens, JupyterLab prints it.
lab: $(READY)
	@options=; \
	if [ "$$(id -u)" = 0 ]; then options="$$options --allow-root"; fi; \
	if [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
	  options="$$options --no-browser"; \
	  echo 'No display here: open the address that JupyterLab prints in a browser.'; \
	fi; \
	exec $(VENV_PYTHON) -m jupyterlab $$options \
	  --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(LAB_ARGS)

test: $(READY_TO_TEST)
	@$(VENV_PYTHON) -m tests $(TEST_ARGS)

test-long: $(READY_TO_TEST)
	@$(VENV_PYTHON) -m tests --long notebooks $(TEST_ARGS)

# A lesson takes its place only when all of it has run.
notebooks: $(READY)
	@$(VENV_PYTHON) -c 'import lenet_helpers, sys; \
	  at_hand = lenet_helpers.datasets_at_hand(); \
	  missing = [name for name in ("fashion_mnist", "mnist") if not at_hand.get(name)]; \
	  sys.exit("not at hand: " + ", ".join(missing) + ". Stored outputs come from the real data sets:" \
	    " get them with lenet_helpers.load_data(name), or name their folder in LENET_DATA." \
	    if missing else 0)'
	@rm -rf .venv/executed
	@for notebook in notebooks/*.ipynb; do \
	  echo "$$notebook"; \
	  env -u LENET_DATASET -u LENET_DEVICE -u LENET_LANG $(VENV_PYTHON) -m nbconvert $(EXECUTE) "$$notebook" || \
	    { echo "$$notebook failed and is left as it was" >&2; exit 1; }; \
	  mv ".venv/executed/$${notebook##*/}" "$$notebook" || exit 1; \
	done

site: $(READY_FOR_SITE)
	@$(VENV_PYTHON) -m web.build _site

bench: $(READY)
	$(VENV_PYTHON) benchmarks/against_d2l.py $(BENCH_ARGS)

lint: $(READY_TO_TEST)
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
