//! A kustomization file, as far as kstate builds it. Knows the file's form, not what it is for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::files::Root;
use super::replacements::Replacement;
use super::target::Target;
use super::types;
use super::vars::Var;
use crate::apimachinery::yaml;

/// The fields; lists are empty and texts are empty where the file has none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Kustomization {
    api_version: String,
    kind: String,
    #[serde(rename = "metadata")]
    pub _metadata: Value,
    pub resources: Vec<String>,
    pub bases: Vec<String>,
    pub components: Vec<String>,
    pub name_prefix: String,
    pub name_suffix: String,
    pub namespace: String,
    pub labels: Vec<Labels>,
    pub common_labels: BTreeMap<String, String>,
    pub common_annotations: BTreeMap<String, String>,
    pub images: Vec<Image>,
    pub image_tags: Vec<Image>,
    pub replicas: Vec<Replica>,
    pub patches: Vec<Patch>,
    pub patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902")]
    pub patches_json6902: Vec<Patch>,
    pub config_map_generator: Vec<Generator>,
    pub secret_generator: Vec<Generator>,
    pub generator_options: Option<GeneratorOptions>,
    pub sort_options: Option<SortOptions>,
    pub build_metadata: Vec<String>,
    pub replacements: Vec<Replacement>,
    pub vars: Vec<Var>,
    /// What custom resources refer to, which is not followed.
    crds: Vec<Value>,
    openapi: BTreeMap<String, Value>,
    // What follows is refused when it is there.
    configurations: Vec<Value>,
    generators: Vec<Value>,
    transformers: Vec<Value>,
    validators: Vec<Value>,
    helm_charts: Vec<Value>,
    helm_globals: Option<Value>,
    helm_chart_inflation_generator: Vec<Value>,
}

/// One entry of `labels`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Labels {
    pub pairs: BTreeMap<String, String>,
    pub include_selectors: bool,
    pub include_templates: bool,
    pub fields: Vec<FieldSpec>,
}

/// One more place of labels.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FieldSpec {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub path: String,
    pub create: bool,
}

/// One entry of `images`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Image {
    pub name: String,
    pub new_name: String,
    pub new_tag: String,
    pub tag_suffix: String,
    pub digest: String,
}

/// One entry of `replicas`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replica {
    pub name: String,
    pub count: i64,
}

/// One entry of `patches` or `patchesJson6902`: a file or a text, and what it is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Patch {
    pub path: String,
    pub patch: String,
    pub target: Option<Target>,
    pub options: BTreeMap<String, bool>,
}

/// One entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Generator {
    pub name: String,
    pub namespace: String,
    pub behavior: String,
    #[serde(rename = "type")]
    pub type_: String,
    pub literals: Vec<String>,
    pub files: Vec<String>,
    pub envs: Vec<String>,
    pub env: String,
    pub options: Option<GeneratorOptions>,
}

/// What generated objects have besides data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GeneratorOptions {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub disable_name_suffix_hash: bool,
    pub immutable: bool,
}

/// `sortOptions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SortOptions {
    pub order: String,
    pub legacy_sort_options: Option<LegacyOrder>,
}

/// The kinds that come first and last.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LegacyOrder {
    pub order_first: Vec<String>,
    pub order_last: Vec<String>,
}

impl Kustomization {
    /// Reads a folder's kustomization.
    ///
    /// # Errors
    /// A file that is no kustomization, or has something that kstate does not build.
    pub fn read(root: &Root) -> anyhow::Result<Kustomization> {
        let text = root.kustomization()?;
        let document = yaml::yaml_documents(&text).next().transpose().map_err(|e| {
            let text = e.to_string();
            anyhow::anyhow!(
                "invalid Kustomization: {}",
                text.strip_prefix("error converting YAML to JSON: ").unwrap_or(&text)
            )
        })?;
        let document = match document {
            Some(Value::Object(map))
                if map.iter().any(|(k, v)| !v.is_null() && !["apiVersion", "kind"].contains(&k.as_str())) =>
            {
                Value::Object(map.into_iter().filter(|(_, v)| !v.is_null()).collect())
            }
            Some(Value::Object(_) | Value::Null) | None => anyhow::bail!("kustomization.yaml is empty"),
            Some(_) => anyhow::bail!("invalid Kustomization: it is no object"),
        };
        let shown = document.clone();
        let read: Kustomization = serde_json::from_value(document).map_err(|e| {
            let text = e.to_string();
            match text.strip_prefix("unknown field `").and_then(|t| t.split('`').next()) {
                Some(field) => anyhow::anyhow!("invalid Kustomization: json: unknown field {field:?}"),
                None => anyhow::anyhow!("invalid Kustomization: {}", types::problem(&shown).unwrap_or(text)),
            }
        })?;
        if !["", "Kustomization", "Component"].contains(&read.kind.as_str()) {
            anyhow::bail!(
                "Failed to read kustomization file under {}:\nkind should be Kustomization or Component",
                root.folder.display()
            );
        }
        let wanted = if read.kind == "Component" {
            "kustomize.config.k8s.io/v1alpha1"
        } else {
            "kustomize.config.k8s.io/v1beta1"
        };
        if !["", wanted].contains(&read.api_version.as_str()) {
            let kind = if read.kind.is_empty() { "Kustomization" } else { &read.kind };
            anyhow::bail!(
                "Failed to read kustomization file under {}:\napiVersion for {kind} should be {wanted}",
                root.folder.display()
            );
        }
        read.check_document()?;
        match read.unbuilt() {
            Some(field) => anyhow::bail!("{field} of a kustomization is not built into kstate"),
            None => Ok(read),
        }
    }

    /// # Errors
    /// kustomize's text for a chart, which kubectl has no flag for: it is told of once the resources are there.
    pub fn check_charts(&self) -> anyhow::Result<()> {
        let Some(chart) = self.helm_charts.first() else { return Ok(()) };
        anyhow::bail!(
            "trouble configuring builtin HelmChartInflationGenerator with config: `\n{}`: must specify --enable-helm",
            crate::printers::yaml::to_string(chart)
        )
    }

    /// # Errors
    /// kustomize's text for an order that it does not know: it is asked for once all is built, of the first folder alone.
    pub fn check_order(&self) -> anyhow::Result<()> {
        let order = self.sort_options.as_ref().map_or("", |s| s.order.as_str());
        if !["", "fifo", "legacy"].contains(&order) {
            anyhow::bail!("the field 'sortOptions.order' must be one of [fifo, legacy]");
        }
        Ok(())
    }

    /// # Errors
    /// kustomize's text for a document of types that it does not know.
    fn check_document(&self) -> anyhow::Result<()> {
        // Those in kubectl's kustomize; resources are merged by kstate's own table of types, whichever is named.
        const DOCUMENTS: [&str; 2] = ["v1.20.4", "v1.21.2"];
        let version = self.openapi.get("version").and_then(Value::as_str);
        if version.is_some_and(|v| !DOCUMENTS.contains(&v)) {
            anyhow::bail!("the specified OpenAPI version is not built in");
        }
        Ok(())
    }

    fn unbuilt(&self) -> Option<&'static str> {
        let lists = [
            ("configurations", &self.configurations),
            ("generators", &self.generators),
            ("transformers", &self.transformers),
            ("validators", &self.validators),
            ("helmChartInflationGenerator", &self.helm_chart_inflation_generator),
        ];
        let list = lists.into_iter().find(|(_, list)| !list.is_empty()).map(|(name, _)| name);
        let traces = |m: &String| m == "originAnnotations" || m == "transformerAnnotations";
        list.or(self.build_metadata.iter().any(traces).then_some("buildMetadata"))
            .or(self.helm_globals.is_some().then_some("helmGlobals"))
    }

    /// What kustomize says of fields that are on their way out.
    pub fn warnings(&self) -> Vec<String> {
        let old = [
            ("bases", "resources", !self.bases.is_empty()),
            ("commonLabels", "labels", !self.common_labels.is_empty()),
            ("imageTags", "images", !self.image_tags.is_empty()),
            ("patchesJson6902", "patches", !self.patches_json6902.is_empty()),
            ("patchesStrategicMerge", "patches", !self.patches_strategic_merge.is_empty()),
        ];
        let line = |old: &str, new: &str| {
            format!(
                "# Warning: '{old}' is deprecated. Please use '{new}' instead. Run 'kustomize edit fix' to update your \
                 Kustomization automatically.\n"
            )
        };
        let mut lines: Vec<String> =
            old.iter().filter(|(_, _, used)| *used).map(|(old, new, _)| line(old, new)).collect();
        if !self.vars.is_empty() {
            lines.push(line("vars", "replacements").replace("instead. ", "instead. [EXPERIMENTAL] "));
        }
        lines
    }
}
