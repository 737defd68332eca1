"""Quality: findings, links and corrections."""
