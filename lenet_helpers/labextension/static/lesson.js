// What a notebook of the course gets, known by "lenet_course": true in its metadata: a mark for the
// style, class mode, and nothing broken or changed by merely opening it.
import { classMode, follow } from "./choice.js";
import { attendWidgets } from "./widgets.js";

const VIEW = "application/vnd.jupyter.widget-view+json";
const HARMLESS = ["text/plain", "image/png", "image/jpeg"];

export function attend(app, tracker, { NotebookActions }) {
  leaveOutHiddenCells(NotebookActions);
  tracker.widgetAdded.connect((_, panel) => {
    const { model } = panel.context;
    keepLanguageInfo(panel.context);
    attendWidgets(panel);
    panel.context.ready.then(() => {
      const mark = () => panel.toggleClass("lenet-course", isLesson(model));
      mark();
      model.metadataChanged.connect(mark);
      if (!isLesson(model)) return;
      trustWhatIsHarmless(model);
      showMainLine(panel.content);
    });
  });
  // "Create New View for Output" shows an output beside its notebook.
  app.shell.layoutModified?.connect(() => {
    const lessons = new Set();
    tracker.forEach((panel) => {
      if (isLesson(panel.context.model)) lessons.add(panel.context.path);
    });
    for (const { content } of app.shell.widgets("main")) {
      if (content?.hasClass("jp-LinkedOutputView") && lessons.has(content.path)) {
        content.addClass("lenet-course");
        attendWidgets(content);
      }
    }
  });
}

export function isLesson(model) {
  return model.getMetadata("lenet_course") === true;
}

// JupyterLab writes the kernel's version into every notebook that it opens, which is then "changed".
function keepLanguageInfo({ model, ready }) {
  let stored;
  ready.then(() => { stored = model.getMetadata("language_info"); });
  model.metadataChanged.connect((_, { key, newValue }) => {
    if (key !== "language_info" || !stored || !isLesson(model)) return;
    if (JSON.stringify(newValue) === JSON.stringify(stored)) return;
    const { dirty } = model; // JupyterLab sets it after this signal
    queueMicrotask(() => {
      model.setMetadata("language_info", stored);
      model.dirty = dirty;
    });
  });
}

// A notebook whose outputs were not all made here is not trusted, and then JupyterLab shows no widget
// at all. Text, pictures and views of widgets can be shown safely: what a view shows lives in the
// reader's own kernel, unless the file brings widgets along.
function trustWhatIsHarmless(model) {
  if (model.getMetadata("widgets")) return;
  const { dirty } = model;
  for (const cell of model.cells) {
    if (cell.type !== "code" || cell.trusted) continue;
    const outputs = cell.outputs.toJSON().map(({ data }) => Object.keys(data ?? {}));
    const isView = (types) => types.includes(VIEW); // shown in preference to all else in the output
    const isHarmless = (types) => isView(types) || types.every((type) => HARMLESS.includes(type));
    if (outputs.some(isView) && outputs.every(isHarmless)) cell.trusted = true;
  }
  model.dirty = dirty;
}

const isOptional = (cell) => (cell.model.getMetadata("tags") ?? []).includes("optional");
const isHidden = (cell) => classMode() && cell !== undefined && isOptional(cell);

// "Run All Cells" and its relatives run what is seen. Their commands cannot be replaced, but each
// calls an action by its name.
function leaveOutHiddenCells(actions) {
  const cellsOf = {
    runAll: (cells) => cells,
    runAllAbove: (cells, active) => cells.slice(0, active),
    runAllBelow: (cells, active) => cells.slice(active),
  };
  for (const [name, choose] of Object.entries(cellsOf)) {
    const run = actions[name];
    actions[name] = (notebook, ...how) => {
      const hides = notebook.node.closest(".lenet-course") && notebook.widgets.some(isHidden);
      if (!hides) return run(notebook, ...how);
      const chosen = choose(notebook.widgets, notebook.activeCellIndex);
      const ran = actions.runCells(notebook, chosen.filter((cell) => !isHidden(cell)), ...how);
      if (name !== "runAllAbove") notebook.activeCellIndex = notebook.widgets.length - 1; // as ever
      return ran;
    };
  }
}

// In class mode the cells tagged "optional" are hidden (by the style), and never become active; so
// Shift+Enter, which runs the active cell and goes to the next, neither stops at one nor runs it.
function showMainLine(notebook) {
  let last = notebook.activeCellIndex;

  function mark() {
    for (const cell of notebook.widgets) cell.toggleClass("lenet-optional", isOptional(cell));
    stayOnMainLine();
  }

  function stayOnMainLine() {
    const { activeCellIndex, widgets } = notebook;
    const step = activeCellIndex >= last ? 1 : -1;
    let next = activeCellIndex;
    while (isHidden(widgets[next])) next += step;
    if (widgets[next] === undefined) { // nothing more to see in this direction
      next = activeCellIndex;
      while (isHidden(widgets[next])) next -= step;
    }
    if (widgets[next] === undefined) return; // no cell at all is of the main line
    last = next;
    if (next !== activeCellIndex) notebook.activeCellIndex = next;
  }

  function leaveOutHidden() {
    for (const cell of notebook.widgets) {
      if (isHidden(cell) && notebook.isSelected(cell)) notebook.deselect(cell);
    }
  }

  let before = false;
  const unfollow = follow(() => {
    if (classMode() === before) return;
    before = classMode();
    if (before) {
      for (const answer of notebook.node.querySelectorAll("details[open]")) answer.open = false;
    }
    stayOnMainLine();
    notebook.scrollToItem(notebook.activeCellIndex, "smart").catch(() => {}); // the view has gone
  });
  notebook.disposed.connect(unfollow);
  notebook.activeCellChanged.connect(stayOnMainLine);
  notebook.selectionChanged.connect(leaveOutHidden);
  notebook.modelContentChanged.connect(mark);
  mark();
}
