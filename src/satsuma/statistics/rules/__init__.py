"""Rules that say who belongs to which group: small trees and lists of conditions, and how well they agree with it."""
