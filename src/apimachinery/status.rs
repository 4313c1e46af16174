//! The API's error: metav1.Status with `status: Failure`, in the server's words.

use std::fmt;

use serde_json::{Value, json};

use super::field::Errors;

/// Why a request failed; metav1.StatusReason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    BadRequest,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Gone,
    Expired,
    Invalid,
    MethodNotAllowed,
    UnsupportedMediaType,
    TooManyRequests,
    InternalError,
    Timeout,
    /// No reason is given; kubectl prints the message alone.
    Unknown,
}

impl Reason {
    /// The HTTP status that goes with the reason.
    pub fn code(self) -> u16 {
        match self {
            Reason::BadRequest => 400,
            Reason::Forbidden => 403,
            Reason::NotFound => 404,
            Reason::MethodNotAllowed => 405,
            Reason::AlreadyExists | Reason::Conflict => 409,
            Reason::Gone | Reason::Expired => 410,
            Reason::UnsupportedMediaType => 415,
            Reason::Invalid => 422,
            Reason::TooManyRequests => 429,
            Reason::InternalError | Reason::Unknown => 500,
            Reason::Timeout => 504,
        }
    }

    /// The reason as it is written: `AlreadyExists`. Empty for [`Reason::Unknown`].
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::BadRequest => "BadRequest",
            Reason::Forbidden => "Forbidden",
            Reason::NotFound => "NotFound",
            Reason::AlreadyExists => "AlreadyExists",
            Reason::Conflict => "Conflict",
            Reason::Gone => "Gone",
            Reason::Expired => "Expired",
            Reason::Invalid => "Invalid",
            Reason::MethodNotAllowed => "MethodNotAllowed",
            Reason::UnsupportedMediaType => "UnsupportedMediaType",
            Reason::TooManyRequests => "TooManyRequests",
            Reason::InternalError => "InternalError",
            Reason::Timeout => "Timeout",
            Reason::Unknown => "",
        }
    }
}

/// One of several things that are wrong with an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    pub reason: &'static str,
    pub field: String,
    /// Without the field.
    pub message: String,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub reason: Reason,
    /// Whole, as the server writes it.
    pub message: String,
    /// The group of `kind`, empty for the core group.
    pub group: String,
    /// A resource (`pods`) or, for [`Reason::Invalid`], a kind (`Pod`). Empty where the failure is about no object.
    pub kind: String,
    pub name: String,
    pub causes: Vec<Cause>,
}

impl Status {
    /// A failure about no object in particular.
    pub fn new(reason: Reason, message: impl Into<String>) -> Status {
        Status {
            reason,
            message: message.into(),
            group: String::new(),
            kind: String::new(),
            name: String::new(),
            causes: Vec::new(),
        }
    }

    fn about(reason: Reason, resource: &str, name: &str, message: String) -> Status {
        let (kind, group) = resource.split_once('.').unwrap_or((resource, ""));
        Status { group: group.to_owned(), kind: kind.to_owned(), name: name.to_owned(), ..Status::new(reason, message) }
    }

    /// `statefulsets.apps "web" not found`; `resource` is the group resource of a [`super::key::Key`].
    pub fn not_found(resource: &str, name: &str) -> Status {
        Status::about(Reason::NotFound, resource, name, format!("{resource} {name:?} not found"))
    }

    /// `services "nginx" already exists`.
    pub fn already_exists(resource: &str, name: &str) -> Status {
        Status::about(Reason::AlreadyExists, resource, name, format!("{resource} {name:?} already exists"))
    }

    /// `Operation cannot be fulfilled on pods "x": why`.
    pub fn conflict(resource: &str, name: &str, why: &str) -> Status {
        Status::about(
            Reason::Conflict,
            resource,
            name,
            format!("Operation cannot be fulfilled on {resource} {name:?}: {why}"),
        )
    }

    /// `pods "x" is forbidden: why`.
    pub fn forbidden(resource: &str, name: &str, why: &str) -> Status {
        Status::about(Reason::Forbidden, resource, name, format!("{resource} {name:?} is forbidden: {why}"))
    }

    /// `StatefulSet.apps "web" is invalid: …` with a cause per error. `group_kind` is `Pod` or `StatefulSet.apps`.
    pub fn invalid(group_kind: &str, name: &str, errors: Errors) -> Status {
        let causes: Vec<Cause> =
            errors.0.into_iter().map(|e| Cause { reason: e.kind.reason(), field: e.field, message: e.body }).collect();
        let mut texts: Vec<String> = Vec::new();
        for text in causes.iter().map(ToString::to_string) {
            // What two rules say alike is said once.
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let all = if texts.len() == 1 { texts[0].clone() } else { format!("[{}]", texts.join(", ")) };
        let mut status =
            Status::about(Reason::Invalid, group_kind, name, format!("{group_kind} {name:?} is invalid: {all}"));
        status.causes = causes;
        status
    }

    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(Reason::BadRequest, message)
    }

    /// `Internal error occurred: why`.
    pub fn internal(why: impl fmt::Display) -> Status {
        Status::new(Reason::InternalError, format!("Internal error occurred: {why}"))
    }

    /// The body an API server would answer with.
    pub fn to_value(&self) -> Value {
        let mut details = serde_json::Map::new();
        for (key, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                details.insert(key.to_owned(), text.as_str().into());
            }
        }
        if !self.causes.is_empty() {
            let causes =
                self.causes.iter().map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}));
            details.insert("causes".to_owned(), causes.collect());
        }
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason.as_str(), "code": self.reason.code(),
        });
        if !details.is_empty() {
            body["details"] = Value::Object(details);
        }
        body
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.field, self.message) }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}
