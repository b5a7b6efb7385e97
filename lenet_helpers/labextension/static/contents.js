// JupyterLab's table of contents: of a lesson, the headings in the chosen language only.
import { follow, language } from "./choice.js";
import { isLesson } from "./lesson.js";

export function attendContents(app, contents, tracker) {
  const attended = new WeakSet();
  app.shell.currentChanged?.connect(attend);
  contents.widgetAdded?.connect(attend);
  attend();

  function attend() {
    // Once whoever else heard of this change has made the table of contents.
    setTimeout(() => tracker.forEach((panel) => {
      const model = contents.get(panel);
      if (!model || attended.has(model)) return;
      attended.add(model);
      const getHeadings = model.getHeadings.bind(model);
      model.getHeadings = async () => {
        const headings = await getHeadings();
        return headings && isLesson(panel.context.model) ? inLanguage(headings) : headings;
      };
      const unfollow = follow(() => model.refresh());
      panel.disposed.connect(unfollow);
    }));
  }
}

// A cell's Chinese headings come first, then as many English ones (DESIGN: "Both languages").
function inLanguage(headings) {
  const chosen = language();
  if (chosen === "both") return headings;
  return headings.filter((heading) => {
    const own = headings.filter(({ cellRef }) => cellRef === heading.cellRef);
    if (!/<div lang="en">/.test(heading.cellRef.model.sharedModel.source)) return true;
    return (own.indexOf(heading) < own.length / 2) === (chosen === "zh");
  });
}
