//! Reviews: questions about who may do what, which are answered and never stored. Facts from k8s.io/kubernetes'
//! pkg/registry/authorization, pkg/registry/authentication and pkg/apis/authorization/validation. Knows no other kind but
//! the roles that are asked.

use serde_json::{Value, json};

use super::pod::Fields;
use super::rbac::authorizer::{self, Request, User};
use super::{Kind, KindRef, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

/// What a review asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Who am I?
    Me,
    /// May I?
    Mine,
    /// May this user?
    Another,
    /// May this user, in this namespace?
    Local,
    /// What may I, in this namespace?
    Rules,
}

/// One kind of review.
pub struct Review {
    names: Names,
    question: Question,
}

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

const fn review(
    question: Question,
    kind: &'static str,
    plural: &'static str,
    resource: &'static str,
    singular: &'static str,
) -> Review {
    let (group, api_version) = match question {
        Question::Me => (AUTHENTICATION, "authentication.k8s.io/v1"),
        _ => (AUTHORIZATION, "authorization.k8s.io/v1"),
    };
    let namespaced = matches!(question, Question::Local);
    let names = Names { group, api_version, resource, namespaced, ..Names::core(kind, plural, singular, &[]) };
    Review { names, question }
}

/// The kinds, which only manifests name: there is nothing to get of them.
pub static REVIEWS: [KindRef; 5] = [
    &review(
        Question::Me,
        "SelfSubjectReview",
        "selfsubjectreviews",
        "selfsubjectreviews.authentication.k8s.io",
        "selfsubjectreview",
    ),
    &review(
        Question::Mine,
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        "selfsubjectaccessreviews.authorization.k8s.io",
        "selfsubjectaccessreview",
    ),
    &review(
        Question::Another,
        "SubjectAccessReview",
        "subjectaccessreviews",
        "subjectaccessreviews.authorization.k8s.io",
        "subjectaccessreview",
    ),
    &review(
        Question::Local,
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        "localsubjectaccessreviews.authorization.k8s.io",
        "localsubjectaccessreview",
    ),
    &review(
        Question::Rules,
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        "selfsubjectrulesreviews.authorization.k8s.io",
        "selfsubjectrulesreview",
    ),
];

static COLUMNS: [Column; 1] = [column("Name")];

impl Kind for Review {
    fn names(&self) -> &Names {
        &self.names
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        vec![object.name().to_owned()]
    }

    fn answer(&self, object: &Object, by: Option<&User>, cluster: &Cluster) -> Option<Result<Object, Status>> {
        // Whoever can read the store may do everything.
        let owner =
            || User { name: "kstate".into(), groups: vec!["system:masters".into(), "system:authenticated".into()] };
        let me = by.cloned().unwrap_or_else(owner);
        Some(self.validate_spec(object).and_then(|()| self.status(object, &me, cluster)).map(|status| {
            let mut answer = object.clone();
            if answer.at("/metadata").is_none() {
                answer.set("/metadata", json!({}));
            }
            answer.set("/status", status);
            answer
        }))
    }
}

impl Review {
    fn status(&self, object: &Object, me: &User, cluster: &Cluster) -> Result<Value, Status> {
        match self.question {
            Question::Me => Ok(json!({"userInfo": {"groups": me.groups, "username": me.name}})),
            Question::Rules => rules(object.str_at("/spec/namespace"), me, cluster),
            Question::Mine => access(object, me, cluster),
            Question::Another | Question::Local => {
                let groups = object.list_at("/spec/groups").iter().filter_map(Value::as_str).map(str::to_owned);
                let user = User { name: object.str_at("/spec/user").to_owned(), groups: groups.collect() };
                access(object, &user, cluster)
            }
        }
    }

    fn validate_spec(&self, object: &Object) -> Result<(), Status> {
        let path = Path::new("spec");
        let mut errors = Errors::default();
        let has = |field: &str| object.at(&format!("/spec/{field}")).is_some_and(Value::is_object);
        match self.question {
            Question::Me => return Ok(()),
            Question::Rules if object.str_at("/spec/namespace").is_empty() => {
                return Err(Status::bad_request("no namespace on request"));
            }
            Question::Rules => return Ok(()),
            Question::Mine => {}
            Question::Another | Question::Local => {
                if object.str_at("/spec/user").is_empty() && object.list_at("/spec/groups").is_empty() {
                    errors.invalid(&path.child("user"), "", "at least one of user or group must be specified");
                }
            }
        }
        match (has("resourceAttributes"), has("nonResourceAttributes")) {
            (true, true) => errors.invalid(
                &path.child("nonResourceAttributes"),
                object.at("/spec/nonResourceAttributes").cloned().unwrap_or_default(),
                "cannot be specified in combination with resourceAttributes",
            ),
            (false, false) => errors.invalid(
                &path.child("resourceAttributes"),
                Value::Null,
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ),
            _ => {}
        }
        let asked = object.str_at("/spec/resourceAttributes/namespace");
        if self.question == Question::Local && has("resourceAttributes") && asked != object.namespace() {
            errors.invalid(
                &path.child("resourceAttributes").child("namespace"),
                asked,
                "must match metadata.namespace",
            );
        }
        if errors.is_empty() { Ok(()) } else { Err(Status::invalid(&self.names.group_kind(), object.name(), errors)) }
    }
}

/// Whether a user may do what a review asks about, and by which binding.
fn access(object: &Object, user: &User, cluster: &Cluster) -> Result<Value, Status> {
    let text = |field: &str| object.str_at(&format!("/spec/resourceAttributes/{field}"));
    let whole = [text("resource"), text("subresource")].join("/");
    let request = match object.at("/spec/nonResourceAttributes") {
        Some(asked) => Request::Path { verb: asked.text("verb"), path: asked.text("path") },
        None => Request::Resource {
            verb: text("verb"),
            namespace: text("namespace"),
            group: text("group"),
            resource: whole.trim_end_matches('/'),
            name: text("name"),
        },
    };
    Ok(match authorizer::decision(cluster, user, &request)? {
        None => json!({"allowed": false}),
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
    })
}

fn rules(namespace: &str, me: &User, cluster: &Cluster) -> Result<Value, Status> {
    let all = authorizer::rules(cluster, me, namespace)?;
    let (urls, resources): (Vec<&Value>, Vec<&Value>) =
        all.iter().partition(|r| !r.texts("nonResourceURLs").is_empty());
    Ok(json!({"incomplete": false, "nonResourceRules": urls, "resourceRules": resources}))
}
