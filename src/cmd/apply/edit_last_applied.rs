//! `apply edit-last-applied`: what was applied last, in the editor; only the annotation changes. Knows no kind.

use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apiserver::Part;
use crate::cmd::context::Context;
use crate::cmd::create::Validation;
use crate::cmd::edit::{Form, How, Mode, Session};
use crate::cmd::errors::aggregate;
use crate::cmd::flags::{KUSTOMIZE, PrintFlags, RecursiveFlag, ValidateFlag, field_manager};
use crate::cmd::infos::{self, From, Info, Query};
use crate::cmd::last_applied;
use crate::cmd::manifest::{self, Item};
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `apply edit-last-applied`.
#[derive(clap::Args)]
pub struct EditLastApplied {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files to use to edit the resource"
    )]
    filename: Vec<String>,
    #[command(flatten)]
    validation: ValidateFlag,
    #[arg(long, help = "Defaults to the line ending native to your platform.")]
    windows_line_endings: bool,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
}

impl Run for EditLastApplied {
    const OPERANDS: Operands = Operands::Resources;
    const OTHER_FLAGS: &'static [Flag] = &[field_manager("kubectl-client-side-apply"), KUSTOMIZE];
    const LONG: &'static str = r#"Edit the latest last-applied-configuration annotations of resources from the default editor.

 The edit-last-applied command allows you to directly edit any API resource you can retrieve via the command-line tools. It will open the editor defined by your KUBE_EDITOR, or EDITOR environment variables, or fall back to 'vi' for Linux or 'notepad' for Windows. You can edit multiple objects, although changes are applied one at a time. The command accepts file names as well as command-line arguments, although the files you point to must be previously saved versions of resources.

 The default format is YAML. To edit in JSON, specify "-o json".

 The flag --windows-line-endings can be used to force Windows line endings, otherwise the default for your operating system will be used.

 In the event an error occurs while updating, a temporary file will be created on disk that contains your unapplied changes. The most common error when updating a resource is another editor changing the resource on the server. When this occurs, you will have to apply your changes to the newer version of the resource, or update your temporary saved copy to include the latest resource version."#;
    const EXAMPLES: &'static str = "  # Edit the last-applied-configuration annotations by type/name in YAML
  kubectl apply edit-last-applied deployment/nginx
  
  # Edit the last-applied-configuration annotations by file in JSON
  kubectl apply edit-last-applied -f deploy.yaml -o json";
    const USAGE: &'static str = "edit-last-applied (RESOURCE/NAME | -f FILENAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let printer = self.print.printer(cx)?;
        let query = Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            type_alone_is_all: true,
            from: From::Store,
            ..Query::default()
        };
        let found = infos::find(cx, &query)?;
        aggregate(found.errors)?;
        let validation = Validation::parse(&self.validation.validate)?;
        let mut applied = Vec::new();
        for info in found.infos {
            if let Some(text) = info.object.annotation(last_applied::ANNOTATION) {
                applied.push(of_annotation(cx, text, info.namespace)?);
            }
        }
        if applied.is_empty() {
            anyhow::bail!(
                "no last-applied-configuration annotation found on resources, to create the annotation, use command \
                 `kubectl apply set-last-applied --create-annotation`"
            );
        }
        let form = Form { json: self.print.output == "json", crlf: self.windows_line_endings };
        let how = How { part: Part::Main, strict: validation == Validation::Strict, save_config: false };
        Session { mode: Mode::LastApplied, infos: &applied, form, how, printer }.run(cx)
    }
}

/// The object that an annotation holds.
fn of_annotation(cx: &mut Context, text: &str, namespace: String) -> anyhow::Result<Info> {
    let mut read = manifest::of_text(cx, "edited-file", text);
    let item = read.items.pop().filter(|_| read.errors.is_empty());
    let Some(Item { kind, body, .. }) = item else {
        aggregate(read.errors)?;
        anyhow::bail!("the last-applied-configuration annotation holds no object");
    };
    let object = Object::from_value(Value::Object(body)).unwrap_or_default();
    let name = object.name().to_owned();
    Ok(Info { kind, namespace, name, source: String::new(), object: Arc::new(object) })
}
