//! PodTemplate: a template of pods by itself. Knows no workload.

use super::{Kind, Names, workload};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;
use serde_json::Value;

/// The kind.
pub struct PodTemplate;

static NAMES: Names = Names::core("PodTemplate", "podtemplates", "podtemplate", &[]);
static COLUMNS: [Column; 4] = [column("Name"), column("Containers"), column("Images"), column("Pod Labels")];

impl Kind for PodTemplate {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        let template = object.at("/template").cloned().unwrap_or_default();
        let (containers, images) = workload::containers_and_images(&template);
        let labels = template.pointer("/metadata/labels").and_then(Value::as_object);
        vec![object.name().to_owned(), containers, images, workload::format_labels(labels)]
    }

    fn set_defaults(&self, object: &mut Object) {
        workload::set_template_defaults(object, "/template");
    }

    fn validate(&self, object: &Object) -> Errors {
        super::pod::validate_template(object.at("/template").unwrap_or(&Value::Null), &Path::new("template"))
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        super::pod::template_warnings(new.at("/template").unwrap_or(&Value::Null), &Path::new("template"))
    }

    fn has_generation(&self) -> bool {
        true
    }
}
