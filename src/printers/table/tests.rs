use std::sync::Arc;

use super::*;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{column, wide};
use serde_json::json;

fn pods(cells: &[[&str; 4]]) -> Table {
    let row = |cells: &[&str; 4]| {
        let object = json!({"metadata": {"name": cells[0], "namespace": "default", "labels": {"app": "nginx",
            "statefulset.kubernetes.io/pod-name": cells[0]}}});
        Row {
            cells: cells.iter().map(|c| (*c).to_owned()).collect(),
            object: Arc::new(Object::from_value(object).unwrap()),
        }
    };
    let columns = vec![column("Name"), column("Ready"), column("Age"), wide("Nominated Node")];
    Table { columns, rows: cells.iter().map(row).collect() }
}

fn text(table: &Table, options: &TableOptions) -> String {
    let mut out = Vec::new();
    print_table(table, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn tables_are_kubectls() {
    let table = pods(&[["web-0", "1/1", "3s", "<none>"], ["web-1", "1/1", "", "<none>"]]);
    let plain = TableOptions::default();
    assert_eq!(text(&table, &plain), "NAME    READY   AGE\nweb-0   1/1     3s\nweb-1   1/1     \n");
    let wide = TableOptions { wide: true, with_namespace: true, kind: Some("pod".to_owned()), ..plain.clone() };
    assert_eq!(
        text(&table, &wide),
        "NAMESPACE   NAME        READY   AGE   NOMINATED NODE\n\
         default     pod/web-0   1/1     3s    <none>\n\
         default     pod/web-1   1/1           <none>\n"
    );
    let labels = TableOptions {
        no_headers: true,
        label_columns: vec!["statefulset.kubernetes.io/pod-name".to_owned(), "none".to_owned()],
        show_labels: true,
        ..plain.clone()
    };
    assert_eq!(
        text(&table, &labels).lines().next().unwrap(),
        "web-0   1/1   3s    web-0         app=nginx,statefulset.kubernetes.io/pod-name=web-0"
    );
    assert_eq!(text(&pods(&[]), &plain), "");
    let named = TableOptions { label_columns: vec!["a/b".to_owned()], ..plain };
    assert!(text(&table, &named).starts_with("NAME    READY   AGE   B\nweb-0   1/1     3s    \n"));
}

#[test]
fn cells_are_one_line_and_cannot_command_the_terminal() {
    assert_eq!(one_line("a\nb"), "a...");
    assert_eq!(one_line("a\u{1b}[2J"), "a^[[2J");
    assert_eq!(one_line("a\rb"), "a...");
}

#[test]
fn kinds_are_parted_by_an_empty_line() {
    let table = pods(&[["web-0", "1/1", "3s", ""]]);
    let print = |options: TableOptions| {
        let mut out = Vec::new();
        let tables = [(table.clone(), options.clone()), (pods(&[]), options.clone()), (table.clone(), options)];
        print_tables(&tables, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let one = "NAME    READY   AGE\nweb-0   1/1     3s\n";
    assert_eq!(print(TableOptions::default()), format!("{one}\n{one}"));
    assert_eq!(print(TableOptions { no_headers: true, ..Default::default() }), "web-0   1/1   3s\n".repeat(2));
}

#[test]
fn a_watch_keeps_its_columns() {
    let mut watcher = TableWatcher::new(TableOptions::default());
    let mut out = Vec::new();
    watcher.print(&pods(&[["a-long-name", "0/1", "0s", ""]]), Some(ChangeType::Added), &mut out).unwrap();
    watcher.print(&pods(&[]), None, &mut out).unwrap();
    watcher.print(&pods(&[["web-0", "ContainerCreating", "0s", ""]]), Some(ChangeType::Modified), &mut out).unwrap();
    watcher.print(&pods(&[["web-0", "1/1", "0s", ""]]), Some(ChangeType::Deleted), &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "EVENT      NAME          READY   AGE\n\
         ADDED      a-long-name   0/1     0s\n\
         MODIFIED   web-0         ContainerCreating   0s\n\
         DELETED    web-0         1/1                 0s\n"
    );
}
