package scenario

func setOrder(p *Params, v string) error { return p.Protocol.Variant.Order.Set(v) }

func showOrder(p *Params) string {
	if o := p.Protocol.Variant.Order; o != 0 {
		return o.String()
	}
	return ""
}
