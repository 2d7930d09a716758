import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-6';

const root = fileURLToPath(new URL('..', import.meta.url));
// The files stand here in memory alone, so that the packages' names resolve as they do for the tests.
const folder = join(root, 'test', '.editor');

const SETTINGS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  declaration: true,
  declarationMap: true,
  rewriteRelativeImportExtensions: true,
  erasableSyntaxOnly: true,
  paths: { '@nearcall/*': [join(root, 'packages', '*', 'src', 'index.ts')] },
};

/** A place in a file: the line that it is on, as it reads. */
export interface Place {
  readonly file: string;
  readonly line: string;
}

/** What an editor underlines: the line, and what it says of it, from the outermost to the innermost cause. */
export interface Mistake {
  readonly line: string;
  readonly says: readonly string[];
}

/** What the sources look like in an editor: TypeScript's language service over files by their names. */
export class Editor {
  readonly #files: Map<string, string>;
  readonly #service: ts.LanguageService;

  /** With `reference` what a project of that name compiles to is known as such, as by `references` in a tsconfig.json. */
  constructor(files: Readonly<Record<string, string>>, reference?: string) {
    this.#files = new Map(Object.entries(files).map(([name, code]) => [join(folder, name), code]));
    // The parsed files are shared between editors, and told apart by their versions.
    const version = `${++editors}`;
    const read = (path: string): string | undefined => this.#files.get(path) ?? ts.sys.readFile(path);
    const host: EditorHost = {
      getCompilationSettings: () => SETTINGS,
      getScriptFileNames: () => [...this.#files.keys()].filter((path) => /\.ts$/.test(path)),
      getScriptVersion: (path) => (this.#files.has(path) ? version : 'as on disk'),
      getScriptSnapshot: (path) => {
        const code = read(path);
        return code === undefined ? undefined : ts.ScriptSnapshot.fromString(code);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: (path) => this.#files.has(path) || ts.sys.fileExists(path),
      readFile: read,
      directoryExists: (path) => path.startsWith(folder) || ts.sys.directoryExists(path),
      getDirectories: ts.sys.getDirectories,
      realpath: (path) => ts.sys.realpath?.(path) ?? path,
      // As editors have it: the sources of a referenced project stand for its declarations.
      useSourceOfProjectReferenceRedirect: () => true,
      getProjectReferences: () => (reference === undefined ? [] : [{ path: join(folder, reference) }]),
      getParsedCommandLine: (config) => this.#project(config),
    };
    this.#service = ts.createLanguageService(host, registry);
  }

  /** What is shown for a place, which is given as a piece of the file with `|` in front of what is pointed at. */
  hover(file: string, piece: string): string {
    const info = this.#service.getQuickInfoAtPosition(join(folder, file), this.#position(file, piece));
    return ts.displayPartsToString(info?.displayParts);
  }

  /** Where an editor goes from a place: through declarations to their source, where they have a map. */
  definition(file: string, piece: string): Place[] {
    const found = this.#service.getDefinitionAtPosition(join(folder, file), this.#position(file, piece)) ?? [];
    return found.map(({ fileName, textSpan }) => this.#source(fileName, textSpan.start));
  }

  /** The lines that a renaming changes, as they are afterwards. */
  rename(file: string, piece: string, name: string): Place[] {
    const path = join(folder, file);
    const found = this.#service.findRenameLocations(path, this.#position(file, piece), false, false, {}) ?? [];
    return found.map(({ fileName, textSpan: { start, length }, prefixText = '', suffixText = '' }) => {
      const code = this.#code(fileName);
      const renamed = `${prefixText}${name}${suffixText}`;
      return placeOf(fileName, code.slice(0, start) + renamed + code.slice(start + length), start);
    });
  }

  /** What is underlined in red. */
  errors(file: string): Mistake[] {
    const path = join(folder, file);
    const found = [...this.#service.getSyntacticDiagnostics(path), ...this.#service.getSemanticDiagnostics(path)];
    return found.map(({ start = 0, messageText }) => ({
      line: placeOf(path, this.#code(path), start).line,
      says: ts.flattenDiagnosticMessageText(messageText, '\n').split(/\n\s*/),
    }));
  }

  /** What the file compiles to, as far as readers of its types need it: its declarations and their map. */
  declarations(file: string): Record<string, string> {
    const { outputFiles } = this.#service.getEmitOutput(join(folder, file), true, true);
    return Object.fromEntries(outputFiles.map(({ name, text }) => [basename(name), text]));
  }

  /** A project of the name of its directory, which compiles into its `dist`. */
  #project(config: string): ts.ParsedCommandLine {
    const rootDir = dirname(config);
    const fileNames = [...this.#files.keys()].filter((path) => dirname(path) === rootDir);
    const configFile = ts.readJsonConfigFile(config, () => '{}');
    return {
      options: {
        ...SETTINGS,
        composite: true,
        rootDir,
        outDir: join(rootDir, 'dist'),
        configFilePath: config,
        configFile,
      },
      fileNames,
      errors: [],
    };
  }

  #position(file: string, piece: string): number {
    const start = this.#code(join(folder, file)).indexOf(piece.replace('|', ''));
    if (start === -1) throw new Error(`There is no "${piece}" in ${file}.`);
    return start + piece.indexOf('|');
  }

  #source(path: string, start: number): Place {
    // What an editor's server asks, too; it is only not among the declared functions.
    const { getSourceMapper } = this.#service as unknown as { getSourceMapper(): SourceMapper };
    const original = getSourceMapper().tryGetSourcePosition({ fileName: path, pos: start });
    const { fileName, pos } = original ?? { fileName: path, pos: start };
    return placeOf(fileName, this.#code(fileName), pos);
  }

  #code(path: string): string {
    return this.#files.get(path) ?? readFileSync(path, 'utf8');
  }
}

interface Position {
  readonly fileName: string;
  readonly pos: number;
}

/** With a setting that is not among the declared ones. */
interface EditorHost extends ts.LanguageServiceHost {
  useSourceOfProjectReferenceRedirect(): boolean;
}

interface SourceMapper {
  tryGetSourcePosition(position: Position): Position | undefined;
}

/** Parses what the libraries declare once for all editors. */
const registry = ts.createDocumentRegistry();
let editors = 0;

function placeOf(path: string, code: string, start: number): Place {
  const end = code.indexOf('\n', start);
  const line = code.slice(code.lastIndexOf('\n', start - 1) + 1, end === -1 ? undefined : end);
  return { file: basename(path), line: line.trim() };
}
