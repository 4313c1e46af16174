//! `edit`: objects in the user's editor, until they are saved as they should be or given up. Knows no kind.

use super::context::Context;
use super::create::Validation;
use super::errors::aggregate;
use super::flags::{KUSTOMIZE, PrintFlags, RecursiveFlag, SaveConfigFlag, ValidateFlag, field_manager};
use super::infos::{self, From, Query};
use super::record::RECORD;
use super::requests;
use super::support::Flag;
use super::verbs::{Operands, Run};
use crate::apiserver::Part;

mod editor;
mod results;
mod session;
mod text;

pub use session::{Form, How, Mode, Session};

/// Arguments of `edit`.
#[derive(clap::Args)]
pub struct Edit {
    args: Vec<String>,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files to use to edit the resource"
    )]
    filename: Vec<String>,
    #[arg(long, help = "Output the patch if the resource is edited.")]
    output_patch: bool,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If specified, edit will operate on the subresource of the requested object. This flag is beta and may \
        change in the future."
    )]
    subresource: String,
    #[command(flatten)]
    validation: ValidateFlag,
    #[arg(long, help = "Defaults to the line ending native to your platform.")]
    windows_line_endings: bool,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-edit"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Edit a resource from the default editor.

 The edit command allows you to directly edit any API resource you can retrieve via the command-line tools. It will open the editor defined by your KUBE_EDITOR, or EDITOR environment variables, or fall back to 'vi' for Linux or 'notepad' for Windows. When attempting to open the editor, it will first attempt to use the shell that has been defined in the 'SHELL' environment variable. If this is not defined, the default shell will be used, which is '/bin/bash' for Linux or 'cmd' for Windows.

 You can edit multiple objects, although changes are applied one at a time. The command accepts file names as well as command-line arguments, although the files you point to must be previously saved versions of resources.

 Editing is done with the API version used to fetch the resource. To edit using a specific API version, fully-qualify the resource, version, and group.

 The default format is YAML. To edit in JSON, specify "-o json".

 The flag --windows-line-endings can be used to force Windows line endings, otherwise the default for your operating system will be used.

 In the event an error occurs while updating, a temporary file will be created on disk that contains your unapplied changes. The most common error when updating a resource is another editor changing the resource on the server. When this occurs, you will have to apply your changes to the newer version of the resource, or update your temporary saved copy to include the latest resource version."#;

const EXAMPLES: &str = r#"  # Edit the service named 'registry'
  kubectl edit svc/registry
  
  # Use an alternative editor
  KUBE_EDITOR="nano" kubectl edit svc/registry
  
  # Edit the job 'myjob' in JSON using the v1 API format
  kubectl edit job.v1.batch/myjob -o json
  
  # Edit the deployment 'mydeployment' in YAML and save the modified config in its annotation
  kubectl edit deployment/mydeployment -o yaml --save-config
  
  # Edit the 'status' subresource for the 'mydeployment' deployment
  kubectl edit deployment mydeployment --subresource='status'"#;

impl Run for Edit {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "edit (RESOURCE/NAME | -f FILENAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if self.args.is_empty() && self.filename.is_empty() {
            return Err(anyhow::anyhow!(super::resources::MISSING));
        }
        let validation = Validation::parse(&self.validation.validate)?;
        let printer = self.print.printer(cx)?.one_each();
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
        if found.infos.is_empty() {
            anyhow::bail!("edit cancelled, no objects found");
        }
        let first = &found.infos[0];
        // A Scale is another kind of object than the one that is edited.
        let part = Part::of(first.kind, &self.subresource)
            .filter(|part| *part != Part::Scale)
            .ok_or_else(|| requests::no_subresource("get", first.kind, &first.name))?;
        let form = Form { json: self.print.output == "json", crlf: self.windows_line_endings };
        let how = How { part, strict: validation == Validation::Strict, save_config: self.save.save_config };
        Session { mode: Mode::Normal { shows_patch: self.output_patch }, infos: &found.infos, form, how, printer }
            .run(cx)
    }
}
