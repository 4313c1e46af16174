//! CEL, the expression language of validation rules: what the API server can evaluate, as far as crate `cel` and [`library`] go.
//!
//! Knows no schema and no kind. An expression that cannot be evaluated here says so ([`Failure::Unsupported`]): it is for
//! the caller to let the object pass, since a server may well take it.

mod compile;
mod library;
mod lists;
mod made;
mod network;
mod quantities;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

pub use ::cel::Value;
use ::cel::objects::{Key, Map, OptionalValue};
use ::cel::{Context, Env, ExecutionError, extensions};
pub use compile::compile_error;
pub use made::make;

use crate::apimachinery::go_value::{self, GoNumber};

/// The most operators, dots and brackets of an expression that is looked at, the deepest nesting of its brackets, and the
/// longest chain of sums and comparisons. The parser and the evaluator recurse, the parser by a hundred kilobytes for a
/// bracket (measured, unoptimized), and a stack has an end; the server's own limit is the cost that it estimates.
const MOST_OPERATORS: usize = 400;
const DEEPEST: usize = 10;
const LONGEST_CHAIN: usize = 32;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(environment()));

fn environment() -> Env {
    let mut env = Env::stdlib();
    let extended = env
        .add_extension(extensions::strings)
        .and_then(|()| env.add_extension(extensions::lists))
        .and_then(|()| env.add_extension(extensions::math))
        .and_then(|()| library::extend(&mut env));
    debug_assert!(extended.is_ok(), "no function is declared twice: {extended:?}");
    env
}

const RESERVED: &str = "true false null in as break const continue else for function if import let loop package namespace return var void while";

/// Whether a word is no name in Kubernetes' CEL; a field that is called so is spelled `__word__`.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.split(' ').any(|reserved| reserved == word)
}

/// An expression that can be read.
#[derive(Clone, Debug)]
pub struct Program(Arc<::cel::Program>);

/// Why an expression came to no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What the server says too, in its words: `no such key: size`.
    Error(String),
    /// It takes what is not here: a function, a type.
    Unsupported,
}

impl Program {
    /// Reads an expression; none for one that cannot be read.
    pub fn compile(text: &str) -> Option<Program> {
        if !is_shallow(text) {
            return None;
        }
        ENV.compile(text).ok().map(|program| Program(Arc::new(program)))
    }

    /// Whether a variable is named.
    pub fn uses(&self, variable: &str) -> bool {
        self.0.references().has_variable(variable)
    }

    /// The value of the expression.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn evaluate(&self, variables: &[(&str, Value)]) -> Result<Value, Failure> {
        let mut context = Context::with_env(ENV.clone());
        for (name, value) in variables {
            context.add_variable_from_value(*name, value.clone());
        }
        self.0.execute(&context).map_err(|error| failure(&error))
    }
}

/// Whether an expression is within the limits; what stands in strings does not count.
fn is_shallow(text: &str) -> bool {
    let (mut count, mut depth, mut chain) = (0, 0_usize, 0);
    let (mut quote, mut is_escaped, mut before) = (None, false, ' ');
    for c in text.chars() {
        if let Some(open) = quote {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                _ if c == open => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '&' | '|' | ',' | '?' | ':' => chain = 0,
            '=' if "=!<>".contains(before) => {}
            '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' => chain += 1,
            _ => {}
        }
        before = c;
        count += usize::from(".+-*/%!<>=&|?:([{,".contains(c));
        if count > MOST_OPERATORS || depth > DEEPEST || chain > LONGEST_CHAIN {
            return false;
        }
    }
    true
}

/// A mapping of names to values.
pub fn map(fields: impl IntoIterator<Item = (String, Value)>) -> Value {
    let map: HashMap<Key, Value> = fields.into_iter().map(|(k, v)| (Key::String(Arc::new(k)), v)).collect();
    Value::Map(Map { map: Arc::new(map) })
}

/// A value as it is in JSON, without a schema. A key that is a word of the language has its other spelling too.
pub fn from_json(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(number) => match go_value::number(number) {
            GoNumber::Int(i) => Value::Int(i),
            GoNumber::Float(f) => Value::Float(f),
        },
        Json::String(s) => text(s),
        Json::Array(items) => list(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            let spelled = fields.get("namespace").map(|n| ("__namespace__".to_owned(), from_json(n)));
            map(fields.iter().map(|(key, field)| (key.clone(), from_json(field))).chain(spelled))
        }
    }
}

/// A list of values.
pub fn list(items: Vec<Value>) -> Value {
    Value::List(Arc::new(items))
}

/// A text.
pub fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

/// A value that may be there.
pub fn optional(value: Option<Value>) -> Value {
    Value::Opaque(Arc::new(value.map_or_else(OptionalValue::none, OptionalValue::of)))
}

/// Marks a failure of a function of [`library`]: its words are the server's.
const OURS: &str = "kubernetes";

fn failure(error: &ExecutionError) -> Failure {
    Failure::Error(match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::IndexOutOfBounds(Value::Int(i)) => format!("index out of bounds: {i}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::FunctionError { function, message } if function == OURS => message.clone(),
        _ => return Failure::Unsupported,
    })
}

#[cfg(test)]
mod tests;
