//! What the server says of an expression that it cannot compile, in cel-go's words: bad syntax, names that nobody declared,
//! fields that a schema has not. Types are not checked: what is only of the wrong type is taken here.

use ::cel::common::ast::{EntryExpr, Expr, IdedEntryExpr, IdedExpr, SourceInfo};

use super::{ENV, is_shallow};

/// Names that are no variables: types, and what functions' names begin with.
const DECLARED: [&str; 28] = [
    "base64",
    "bool",
    "bytes",
    "cel",
    "cidr",
    "double",
    "dyn",
    "format",
    "google",
    "int",
    "ip",
    "jsonpatch",
    "list",
    "lists",
    "map",
    "math",
    "net",
    "null_type",
    "optional",
    "optional_type",
    "quantity",
    "semver",
    "sets",
    "string",
    "strings",
    "type",
    "uint",
    "url",
];

/// Macros that bind names of their own. Those that crate `cel` does not expand are not looked into.
const MACROS: [&str; 13] = [
    "all",
    "bind",
    "exists",
    "existsOne",
    "exists_one",
    "filter",
    "map",
    "optFlatMap",
    "optMap",
    "sortBy",
    "transformList",
    "transformMap",
    "transformMapEntry",
];

/// Why the server would not compile an expression. `is_field` tells of a path below the first variable whether there is such
/// a field.
pub fn compile_error(text: &str, variables: &[&str], is_field: &dyn Fn(&[&str]) -> bool) -> Option<String> {
    if !is_shallow(text) {
        return None;
    }
    let found = match ENV.compile(text) {
        Err(errors) => errors.to_string().replace("\n| ", "\n | "),
        Ok(program) => {
            let mut walk = Walk { variables, is_field, bound: Vec::new(), found: Vec::new(), is_unknown: false };
            walk.visit(program.expression());
            walk.told(text, program.source_info())?
        }
    };
    Some(format!("compilation failed: {found}"))
}

struct Walk<'a> {
    variables: &'a [&'a str],
    is_field: &'a dyn Fn(&[&str]) -> bool,
    /// The names that comprehensions around the place have.
    bound: Vec<String>,
    found: Vec<(u64, String)>,
    /// Whether something in the expression is not known here.
    is_unknown: bool,
}

impl Walk<'_> {
    fn visit(&mut self, expr: &IdedExpr) {
        match &expr.expr {
            Expr::Ident(name) => self.ident(expr.id, name),
            Expr::Select(select) => {
                let before = self.found.len();
                self.visit(&select.operand);
                let path = self.path(expr);
                if self.found.len() == before && path.is_some_and(|path| !(self.is_field)(&path)) {
                    self.found.push((expr.id, format!("undefined field '{}'", select.field)));
                }
            }
            Expr::Call(call) => {
                self.is_unknown |= MACROS.contains(&call.func_name.as_str());
                call.target.iter().for_each(|target| self.visit(target));
                call.args.iter().for_each(|arg| self.visit(arg));
            }
            Expr::Comprehension(comprehension) => {
                self.visit(&comprehension.iter_range);
                self.visit(&comprehension.accu_init);
                let depth = self.bound.len();
                self.bound.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
                self.bound.extend(comprehension.iter_var2.clone());
                for inner in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
                    self.visit(inner);
                }
                self.bound.truncate(depth);
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element)),
            Expr::Map(map) => self.entries(&map.entries),
            Expr::Struct(object) => self.entries(&object.entries),
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn entries(&mut self, entries: &[IdedEntryExpr]) {
        for entry in entries {
            match &entry.expr {
                EntryExpr::StructField(field) => self.visit(&field.value),
                EntryExpr::MapEntry(entry) => {
                    self.visit(&entry.key);
                    self.visit(&entry.value);
                }
            }
        }
    }

    fn ident(&mut self, id: u64, name: &str) {
        let is_bound = name.starts_with('@') || self.bound.iter().any(|b| b == name);
        if !is_bound && !self.variables.contains(&name) && !DECLARED.contains(&name) {
            self.found.push((id, format!("undeclared reference to '{name}' (in container '')")));
        }
    }

    /// The fields that lead from the first variable to an expression.
    fn path<'e>(&self, expr: &'e IdedExpr) -> Option<Vec<&'e str>> {
        match &expr.expr {
            Expr::Ident(name) => {
                let is_first = self.variables.first() == Some(&name.as_str()) && !self.bound.contains(name);
                is_first.then(Vec::new)
            }
            Expr::Select(select) => {
                let mut path = self.path(&select.operand)?;
                path.push(&select.field);
                Some(path)
            }
            _ => None,
        }
    }

    /// The errors in cel-go's layout, in the order of their places.
    fn told(self, text: &str, source: &SourceInfo) -> Option<String> {
        if self.is_unknown || self.found.is_empty() {
            return None;
        }
        let mut placed: Vec<(usize, String)> = Vec::new();
        for (id, what) in self.found {
            placed.push((usize::try_from(source.offset_for(id)?.0).ok()?, what));
        }
        placed.sort_by_key(|(at, _)| *at);
        let shown: Vec<String> = placed.iter().map(|(at, what)| shown(text, *at, what)).collect();
        Some(shown.join("\n"))
    }
}

/// An error with the line it is about and its place in it.
fn shown(text: &str, at: usize, what: &str) -> String {
    let before: String = text.chars().take(at).collect();
    let line = before.matches('\n').count();
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    let of_text = text.split('\n').nth(line).unwrap_or_default();
    format!("ERROR: <input>:{}:{}: {what}\n | {of_text}\n | {}^", line + 1, column + 1, ".".repeat(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<String> {
        let is_field = |path: &[&str]| path != ["nope"];
        compile_error(text, &["self", "oldSelf"], &is_field)
    }

    #[test]
    fn what_compiles_is_not_told_of() {
        for text in [
            "self.a > 1 && oldSelf.b.all(x, x.c == self.d)",
            "quantity(self.a).isLessThan(quantity('1Gi')) || math.greatest(1, 2) == 2",
            "self.list.exists_one(x, x == 1) && type(self.a) == string",
            "cel.bind(x, self.a, x + 1) == 2",
        ] {
            assert_eq!(error(text), None, "{text}");
        }
    }

    #[test]
    fn names_and_fields_that_are_not_declared_are_told_of_in_their_places() {
        let want =
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo.bar\n | ^";
        assert_eq!(error("foo.bar").as_deref(), Some(want));
        let want = "compilation failed: ERROR: <input>:2:5: undefined field 'nope'\n | self.nope > 1\n | ....^";
        assert_eq!(error("true &&\nself.nope > 1").as_deref(), Some(want));
    }

    #[test]
    fn bad_syntax_is_told_of_as_the_parser_does() {
        let want = "compilation failed: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', \
                    '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | \
                    self.a >\n | ........^";
        assert_eq!(error("self.a >").as_deref(), Some(want));
    }
}
