//! How objects of one version become objects of another: by nobody, or by a webhook.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::kinds::pod::Fields;

/// The versions of ConversionReview that the server knows.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];

/// Checks `spec.conversion`; the server's own type has the webhook's fields one level up, and names them so.
pub fn validate(conversion: Option<&Value>, path: &Path, errors: &mut Errors) {
    let Some(conversion) = conversion.filter(|c| c.is_object()) else { return };
    super::one_of(conversion.text("strategy"), &["None", "Webhook"], &path.child("strategy"), errors);
    let webhook = conversion.field("webhook");
    let client = webhook.and_then(|w| w.field("clientConfig"));
    let reviews = webhook.map(|w| w.texts("conversionReviewVersions")).unwrap_or_default();
    let (client_path, reviews_path) = (path.child("webhookClientConfig"), path.child("conversionReviewVersions"));
    if conversion.text("strategy") == "Webhook" {
        match client {
            None => errors.required(&client_path, "required when strategy is set to Webhook"),
            Some(client) if client.field("url").is_some() == client.field("service").is_some() => {
                errors.required(&client_path, "exactly one of url or service is required");
            }
            Some(_) => {}
        }
        return validate_reviews(&reviews, &reviews_path, errors);
    }
    const NOT_SET: &str = "should not be set when strategy is not set to Webhook";
    if client.is_some() {
        errors.forbidden(&client_path, NOT_SET);
    }
    if !reviews.is_empty() {
        errors.forbidden(&reviews_path, NOT_SET);
    }
}

fn validate_reviews(reviews: &[&str], path: &Path, errors: &mut Errors) {
    if reviews.is_empty() {
        return errors.required(path, "");
    }
    for (i, review) in reviews.iter().enumerate() {
        if reviews[..i].contains(review) {
            errors.invalid(&path.index(i), *review, "duplicate version");
            continue;
        }
        names::is_dns1035_label(review).iter().for_each(|p| errors.invalid(&path.index(i), *review, p));
    }
    if !reviews.iter().any(|r| REVIEWS.contains(r)) {
        errors.invalid(path, reviews.to_vec(), &format!("must include at least one of {}", REVIEWS.join(", ")));
    }
}
