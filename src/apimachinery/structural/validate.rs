//! Validation of a value against a structural schema, in the words and the order of the API server.

use serde_json::Value;

use super::correlate::Old;
use super::{Pattern, Structural, Values, format, join};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::go_value::{self, GoNumber};

/// What is wrong with an object; what was as wrong in `old`, the object before an update, may stay.
pub fn validate(object: &Value, old: Option<&Value>, schema: &Structural) -> Errors {
    // The object's own type and metadata are checked elsewhere.
    let mut found = Found::default();
    found.node(object, Old::root(old), schema, "");
    found.errors
}

/// What is wrong with the value of a field.
pub fn validate_at(value: &Value, schema: &Structural, path: &str) -> Errors {
    let mut found = Found::default();
    found.node(value, Old::default(), schema, path);
    found.errors
}

/// What was found, and how many checks were made: the alternative with the most is the one that is reported.
#[derive(Default)]
struct Found {
    errors: Errors,
    checks: usize,
}

/// The `%s in body …` of the messages.
fn said(path: &str, what: &str) -> String {
    format!("{path} in body {what}")
}

impl Found {
    fn invalid(&mut self, path: &str, value: impl Into<Value>, what: &str) {
        let text = said(path, what);
        self.errors.invalid(&Path::new(path), value, &text);
    }

    /// What is said about the whole object, at no field.
    fn whole(&mut self, why: &str) {
        self.errors.invalid(&Path::new("<nil>"), "", why);
    }

    fn merge(&mut self, other: Found) {
        self.errors.append(other.errors);
        self.checks += other.checks;
    }

    fn node(&mut self, value: &Value, old: Old<'_>, schema: &Structural, path: &str) {
        if old.is_same(value) {
            return;
        }
        self.type_of(value, schema, path);
        if !value.is_null() {
            self.alternatives(value, &schema.values, path);
            match value {
                Value::String(text) => self.text(text, &schema.values, path),
                Value::Number(number) => self.number(go_value::number(number), value, &schema.values, path),
                Value::Array(items) => self.list(items, old, schema, path),
                _ => {}
            }
        }
        self.choices(value, &schema.values, path);
        if let Value::Object(_) = value {
            self.object(value, old, schema, path);
        }
    }

    fn type_of(&mut self, value: &Value, schema: &Structural, path: &str) {
        let types: Vec<&str> = match schema.int_or_string {
            true => vec!["integer", "string"],
            false => Some(schema.type_of.as_str()).filter(|t| !t.is_empty()).into_iter().collect(),
        };
        if types.is_empty() || (value.is_null() && schema.nullable) {
            return;
        }
        self.checks += 1;
        let is = json_type(value);
        let fits = types.iter().any(|t| *t == is || (*t == "number" && is == "integer") || is_whole(value, t));
        if !fits {
            let text = said(path, &format!("must be of type {}: {is:?}", types.join(",")));
            self.errors.type_invalid(&Path::new(path), is, &text);
        }
    }

    fn alternatives(&mut self, value: &Value, values: &Values, path: &str) {
        let tried = |schema: &Structural| {
            let mut found = Found::default();
            found.node(value, Old::default(), schema, path);
            found
        };
        if !values.any_of.is_empty() {
            let all: Vec<Found> = values.any_of.iter().map(tried).collect();
            if all.iter().all(|f| !f.errors.is_empty()) {
                self.whole(&format!("{path:?} must validate at least one schema (anyOf)"));
                self.best(all);
            }
        }
        if !values.one_of.is_empty() {
            let all: Vec<Found> = values.one_of.iter().map(tried).collect();
            let fitting = all.iter().filter(|f| f.errors.is_empty()).count();
            if fitting != 1 {
                let how = if fitting == 0 {
                    "Found none valid".to_owned()
                } else {
                    format!("Found {fitting} valid alternatives")
                };
                self.whole(&format!("{path:?} must validate one and only one schema (oneOf). {how}"));
                if fitting == 0 {
                    self.best(all);
                }
            }
        }
        if !values.all_of.is_empty() {
            let all: Vec<Found> = values.all_of.iter().map(tried).collect();
            let fitting = all.iter().filter(|f| f.errors.is_empty()).count();
            let count = all.len();
            all.into_iter().for_each(|found| self.merge(found));
            if fitting < count {
                let none = if fitting == 0 { ". None validated" } else { "" };
                self.whole(&format!("{path:?} must validate all the schemas (allOf){none}"));
            }
        }
        if let Some(not) = &values.not
            && tried(not).errors.is_empty()
        {
            self.whole(&format!("{path:?} must not validate the schema (not)"));
        }
    }

    /// The errors of the alternative that came farthest; of the first among equals.
    fn best(&mut self, all: Vec<Found>) {
        let most = all.iter().map(|f| f.checks).max().unwrap_or(0);
        if let Some(best) = all.into_iter().find(|f| f.checks == most) {
            self.merge(best);
        }
    }

    fn text(&mut self, text: &str, values: &Values, path: &str) {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        self.checks += 1;
        if let Some(max) = values.max_length.filter(|max| length > *max) {
            self.errors.too_long(&Path::new(path), usize::try_from(max).unwrap_or(0));
        }
        if let Some(min) = values.min_length.filter(|min| length < *min) {
            self.invalid(path, text, &format!("should be at least {min} chars long"));
        }
        if let Some(Pattern { text: pattern, .. }) = values.pattern.as_ref().filter(|p| !p.matches(text)) {
            self.invalid(path, text, &format!("should match '{pattern}'"));
        }
        if !values.format.is_empty() && !format::fits(text, &values.format) {
            let why = said(path, &format!("must be of type {}: {}", values.format, quoted(text)));
            self.errors.type_invalid(&Path::new(path), text, &why);
        }
    }

    fn number(&mut self, number: GoNumber, value: &Value, values: &Values, path: &str) {
        self.checks += 1;
        #[expect(clippy::cast_precision_loss, reason = "as the server compares them")]
        let number = match number {
            GoNumber::Int(i) => i as f64,
            GoNumber::Float(f) => f,
        };
        let shown = go_value::display_float;
        if let Some(of) = values.multiple_of.filter(|of| *of > 0.0 && (number / of).fract() != 0.0) {
            self.invalid(path, value.clone(), &format!("should be a multiple of {}", shown(of)));
        }
        match values.maximum {
            Some(max) if values.exclusive_maximum && number >= max => {
                self.invalid(path, value.clone(), &format!("should be less than {}", shown(max)));
            }
            Some(max) if number > max => {
                self.invalid(path, value.clone(), &format!("should be less than or equal to {}", shown(max)));
            }
            _ => {}
        }
        match values.minimum {
            Some(min) if values.exclusive_minimum && number <= min => {
                self.invalid(path, value.clone(), &format!("should be greater than {}", shown(min)));
            }
            Some(min) if number < min => {
                self.invalid(path, value.clone(), &format!("should be greater than or equal to {}", shown(min)));
            }
            _ => {}
        }
    }

    fn list(&mut self, items: &[Value], old: Old<'_>, schema: &Structural, path: &str) {
        self.checks += 1;
        if let Some(of_items) = schema.items.as_deref() {
            for (i, item) in items.iter().enumerate() {
                self.node(item, old.item(item, schema), of_items, &format!("{path}[{i}]"));
            }
        }
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if let Some(min) = schema.values.min_items.filter(|min| count < *min) {
            self.invalid(path, count, &format!("should have at least {min} items"));
        }
        if let Some(max) = schema.values.max_items.filter(|max| count > *max) {
            self.errors.too_many(&Path::new(path), items.len(), usize::try_from(max).unwrap_or(0));
        }
    }

    fn choices(&mut self, value: &Value, values: &Values, path: &str) {
        if values.choices.is_empty() || values.choices.contains(value) {
            return;
        }
        let text = |choice: &Value| choice.as_str().map_or_else(|| go_value::json(choice), str::to_owned);
        let choices: Vec<String> = values.choices.iter().map(text).collect();
        let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
        self.errors.not_supported(&Path::new(path), value.clone(), &choices);
    }

    fn object(&mut self, value: &Value, old: Old<'_>, schema: &Structural, path: &str) {
        let Value::Object(fields) = value else { return };
        self.checks += 1;
        let (count, values) = (i64::try_from(fields.len()).unwrap_or(i64::MAX), &schema.values);
        if let Some(min) = values.min_properties.filter(|min| count < *min) {
            return self.invalid(path, count, &format!("should have at least {min} properties"));
        }
        if let Some(max) = values.max_properties.filter(|max| count > *max) {
            return self.errors.too_many(&Path::new(path), fields.len(), usize::try_from(max).unwrap_or(0));
        }
        for (key, value) in fields {
            if let Some(property) = schema.property(key) {
                self.node(value, old.field(key), property, &join(path, key));
            }
        }
        for key in values.required.iter().filter(|key| !fields.contains_key(*key)) {
            self.errors.required(&Path::new(&join(path, key)), "");
        }
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) => match go_value::number(n) {
            GoNumber::Int(_) => "integer",
            GoNumber::Float(_) => "number",
        },
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether a number without a fraction stands for an integer.
fn is_whole(value: &Value, wanted: &str) -> bool {
    wanted == "integer" && value.as_f64().is_some_and(|f| f.fract() == 0.0 && f.abs() < 9_007_199_254_740_992.0)
}

fn quoted(text: &str) -> String {
    crate::apimachinery::quote::quote(text)
}
